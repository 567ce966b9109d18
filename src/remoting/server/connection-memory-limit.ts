import type { Counters } from '../../stats/counters.ts'

/** A connection is closed because the bytes that are held for all of them are too many, and it has held its own for longest. */
export class ConnectionMemoryError extends Error {
  override readonly name = 'ConnectionMemoryError'
  readonly code = 'ERR_QUEUE_FULL'
  readonly bound: QueueBound

  constructor(bound: QueueBound, message: string) {
    super(message)
    this.bound = bound
  }
}

/** The two queues of a server: what peers have not finished sending, and what they have not read. */
export type QueueBound = 'maxQueuedRequestBytes' | 'maxQueuedAnswerBytes'

const QUEUES = {
  maxQueuedRequestBytes: { gauge: 'queuedRequestBytes', what: 'of a request that does not become whole' },
  maxQueuedAnswerBytes: { gauge: 'queuedAnswerBytes', what: 'of answers that are not read' },
} as const

/** A connection that bytes are held for. */
export interface QueueHolder {
  /** Is to be closed at once, and to let go of what is held. */
  giveUp(error: ConnectionMemoryError): void
}

/**
 * What all connections of a server hold together.
 *
 * When it becomes too much, whoever has held its share for longest without getting on is closed, and then the next one, until
 * there is room: so there always comes an end to it, and who sends a request in one go, or reads its answers, is not the one, as
 * long as the peers that do not cannot fill the whole room meanwhile. A connection that is merely not read any more would keep
 * its share for ever. Who holds less than half of what the average byte's holder does is left alone: a broker whose
 * heartbeat waits behind its registration would lose its routes, and make no room. Many that hold next to nothing do not change
 * that.
 */
export class ConnectionMemoryLimit {
  readonly #bound: QueueBound
  readonly #maxBytes: number
  readonly #counters: Counters
  /** Whoever got on least lately is the first. */
  readonly #holders = new Map<QueueHolder, number>()
  /** What they hold together. */
  #heldBytes = 0
  /** The sum of the squares of what each holds. */
  #squares = 0

  constructor(bound: QueueBound, maxBytes: number, counters: Counters) {
    this.#bound = bound
    this.#maxBytes = maxBytes
    this.#counters = counters
  }

  /**
   * Says what is held for a connection from now on, 0 for nothing.
   * @param gotOn - Whether it has finished something since it was last said.
   */
  hold(holder: QueueHolder, bytes: number, gotOn: boolean): void {
    const before = this.#holders.get(holder) ?? 0
    if (gotOn || bytes === 0) this.#holders.delete(holder)
    if (bytes > 0) this.#holders.set(holder, bytes)
    this.#add(bytes, before)
    while (this.#heldBytes > this.#maxBytes && this.#closeOne()) {}
  }

  #add(bytes: number, before: number): void {
    this.#heldBytes += bytes - before
    this.#squares += bytes * bytes - before * before
    this.#counters[QUEUES[this.#bound].gauge] += bytes - before
  }

  /** @returns False if nobody holds anything. */
  #closeOne(): boolean {
    const least = this.#squares / this.#heldBytes / 2
    for (const [holder, bytes] of this.#holders) {
      if (bytes < least) continue
      const held = `all connections hold ${this.#heldBytes} such bytes, and ${this.#maxBytes} are allowed`
      this.#holders.delete(holder)
      this.#add(0, bytes)
      const message = `${bytes} bytes ${QUEUES[this.#bound].what}, for longest of all; ${held}`
      holder.giveUp(new ConnectionMemoryError(this.#bound, message))
      return true
    }
    return false
  }
}
