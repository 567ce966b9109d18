import { LimitError } from './limit-error.ts'

/** Where drafts come from, and where they go. */
export interface GroupCommitOptions<Draft> {
  /** Something to change that stands for what is in force. */
  readonly draft: () => Draft
  /** Stores what a draft has become and puts it in force; rejects if it is not stored. */
  readonly commit: (draft: Draft) => Promise<void>
  /** Most changes that may wait; one more is refused. */
  readonly maxWaiting: number
}

interface Waiter<Draft> {
  /** Changes the draft, and gives what tells the one who waits that it is stored; or throws, with nothing changed. */
  readonly change: (draft: Draft) => () => void
  readonly reject: (error: unknown) => void
}

/**
 * Changes of a state that is kept in a file, each done when it is stored.
 *
 * Changes are made in the order in which they come. While one is being stored, those that come are collected, and stored
 * together: a slow disk makes each wait for two writes at most, however many there are.
 */
export class GroupCommit<Draft> {
  readonly #options: GroupCommitOptions<Draft>
  #waiting: Waiter<Draft>[] = []
  #committing = false

  constructor(options: GroupCommitOptions<Draft>) {
    this.#options = options
  }

  /**
   * Makes a change.
   * @param change - Changes the draft. If it throws, it must have changed nothing; only this change is then refused.
   * @returns What `change` returned, once it is stored.
   * @throws {LimitError} (rejects) and whatever `change` throws, or storing rejects with.
   */
  change<Result>(change: (draft: Draft) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const { maxWaiting } = this.#options
      if (this.#waiting.length >= maxWaiting) {
        throw LimitError.busy(
          'maxWaitingChanges',
          `${maxWaiting} changes wait for the disk (maxWaitingChanges)`,
        )
      }
      this.#waiting.push({
        change: (draft) => {
          const result = change(draft)
          return () => resolve(result)
        },
        reject,
      })
      if (!this.#committing) void this.#commitAll()
    })
  }

  async #commitAll(): Promise<void> {
    this.#committing = true
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0))
    this.#committing = false
  }

  /** Never rejects. */
  async #commit(group: readonly Waiter<Draft>[]): Promise<void> {
    const made: (() => void)[] = []
    try {
      const draft = this.#options.draft()
      for (const { change, reject } of group) {
        try {
          made.push(change(draft))
        } catch (error) {
          reject(error)
        }
      }
      if (made.length > 0) await this.#options.commit(draft)
      for (const resolve of made) resolve()
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }
}
