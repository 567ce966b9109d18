/** A place in the order of arrival; whoever has it must leave it. */
export interface Arrival {
  /** Resolves when everything that came before has left; undefined if nothing is in front. */
  readonly turn: Promise<void> | undefined
  /** To be called once, whatever became of the work. */
  leave(): void
}

/**
 * Keeps what concerns one name in the order in which it came. Registrations are read outside of the lock, and a large one takes
 * longer to read than a small one that came later: without this, the older would be applied last.
 */
export class ArrivalOrder {
  /** The last of each name; resolves when that one has left. */
  readonly #last = new Map<string, Promise<void>>()

  /** Names with something on its way. */
  get size(): number {
    return this.#last.size
  }

  /** Takes the next place for a name. A place that is left early keeps the order: it counts as left when its turn has come. */
  arrive(name: string): Arrival {
    const turn = this.#last.get(name)
    let leave = (): void => {}
    const own = new Promise<void>((resolve) => {
      leave = resolve
    })
    const left = turn === undefined ? own : turn.then(() => own)
    this.#last.set(name, left)
    const forget = (): void => {
      if (this.#last.get(name) === left) this.#last.delete(name)
    }
    if (turn !== undefined) void left.then(forget)
    return {
      turn,
      leave: () => {
        if (turn === undefined) forget()
        leave()
      },
    }
  }
}
