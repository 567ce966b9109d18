/** UTF-16 units of text that are encoded at a time; a few microseconds' work. */
const CHUNK_UNITS = 16_384

/** The bytes of a text that comes in many pieces: encoded as they come, so that a long text needs no long turn at its end. */
export class TextChunks {
  #text = ''
  readonly #chunks: Buffer[] = []

  add(piece: string): void {
    this.#text += piece
    if (this.#text.length >= CHUNK_UNITS) this.#encode()
  }

  /** All of it as UTF-8. */
  toBuffer(): Buffer {
    this.#encode()
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
  }

  #encode(): void {
    this.#chunks.push(Buffer.from(this.#text))
    this.#text = ''
  }
}
