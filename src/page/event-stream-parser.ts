/** One message of a stream of server-sent events. */
export interface StreamMessage {
  /** Empty for a message without a type. */
  readonly event: string
  readonly data: string
  /** Of this message, or the last one before it that had one. */
  readonly id: string
}

/** Max characters of one message that is not complete. */
const MAX_PENDING = 1024 * 1024

/**
 * Reads a stream of server-sent events as it comes, in pieces of any length.
 * @see WHATWG HTML, server-sent events
 */
export class EventStreamParser {
  readonly #onEvent: (event: StreamMessage) => void
  #pending = ''
  #event = ''
  #data: string[] = []
  #id = ''
  /** Of the message that is being read: until it is complete, it may be lost. */
  #nextId = ''

  constructor(onEvent: (event: StreamMessage) => void) {
    this.#onEvent = onEvent
  }

  /** Id of the last message, to resume after it; empty if none had one. */
  get lastEventId(): string {
    return this.#id
  }

  /** @throws {RangeError} A line or message is longer than a mebibyte. */
  push(text: string): void {
    this.#pending += text
    const lines = this.#pending.split(/\r\n|\n|\r(?=[^\n])/)
    this.#pending = lines.pop() ?? ''
    for (const line of lines) this.#readLine(line)
    const length = this.#data.reduce((sum, line) => sum + line.length, this.#pending.length)
    if (length > MAX_PENDING)
      throw new RangeError(`a message of the stream exceeds ${MAX_PENDING} characters`)
  }

  #readLine(line: string): void {
    if (line === '') {
      if (this.#data.length > 0)
        this.#onEvent({ event: this.#event, data: this.#data.join('\n'), id: this.#nextId })
      this.#id = this.#nextId
      this.#event = ''
      this.#data = []
      return
    }
    const at = line.indexOf(':')
    const field = at < 0 ? line : line.slice(0, at)
    const value = at < 0 ? '' : line.slice(line[at + 1] === ' ' ? at + 2 : at + 1)
    if (field === 'data') this.#data.push(value)
    else if (field === 'event') this.#event = value
    else if (field === 'id' && !value.includes('\0')) this.#nextId = value
  }
}
