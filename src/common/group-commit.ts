import { Shares } from './shares.ts'

export interface GroupCommitOptions<Draft> {
  /** A mutable copy of the state in effect. */
  readonly draft: () => Draft
  /** Stores a changed draft and puts it into effect; rejects if it cannot be stored. */
  readonly commit: (draft: Draft) => Promise<void>
  /** Max changes that wait (maxWaitingChanges); further ones are rejected. */
  readonly maxWaiting: number
}

interface Waiter<Draft> {
  /** Changes the draft and returns what resolves the waiter's promise; or throws, with nothing changed. */
  readonly change: (draft: Draft) => () => void
  readonly reject: (error: unknown) => void
}

/**
 * Changes a state that is kept in a file; each change resolves when it is stored. While a write is in progress, further changes
 * are collected and stored together, in their order: even with a slow disk a change waits for two writes at most.
 */
export class GroupCommit<Draft> {
  readonly #options: GroupCommitOptions<Draft>
  #waiting: Waiter<Draft>[] = []
  /** How many of these each source has. */
  #shares = new Shares()
  #committing = false

  constructor(options: GroupCommitOptions<Draft>) {
    this.#options = options
  }

  /** Changes that wait for the write in progress. */
  get waiting(): number {
    return this.#waiting.length
  }

  /**
   * Makes a change.
   * @param change - Changes the draft. If it throws, it must have changed nothing; only this change is rejected then.
   * @param source - Whose share of the changes that wait it uses; undefined if it has none.
   * @returns The result of `change`, when it is stored.
   * @throws {LimitError} (rejects) and whatever `change` throws, or storing rejects with.
   */
  change<Result>(change: (draft: Draft) => Result, source?: string): Promise<Result> {
    return new Promise((resolve, reject) => {
      const { maxWaiting } = this.#options
      this.#shares.takeOne('maxWaitingChanges', maxWaiting, this.#waiting.length, source)
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
    while (this.#waiting.length > 0) {
      this.#shares = new Shares()
      await this.#commit(this.#waiting.splice(0))
    }
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
