/** Answers of a server, read without our own decoders. */

/** As much of a response as is looked at. */
export interface Answer {
  readonly code: number
  readonly opaque: number
  /** The whole frame. */
  readonly bytes: Buffer
}

/** Cuts what a server sends into answers. */
export class AnswerReader {
  #rest: Buffer = Buffer.alloc(0)
  /** More bytes than these are needed before there is another response. */
  #wanted = 8

  /** @throws {Error} if it is no response. */
  read(chunk: Buffer): Answer[] {
    const answers: Answer[] = []
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= this.#wanted) {
      const end = 4 + this.#rest.readInt32BE(0)
      if (this.#rest.length < end) {
        this.#wanted = end
        break
      }
      answers.push(readAnswer(this.#rest.subarray(0, end)))
      this.#rest = this.#rest.subarray(end)
      this.#wanted = 8
    }
    return answers
  }
}

const CODE = '{"code":'
const OPAQUE = '"opaque":'

function readAnswer(bytes: Buffer): Answer {
  const header = bytes.toString('latin1', 8, 8 + bytes.readUIntBE(5, 3))
  // A quote inside of a text is escaped, so that this can only be the name of the member.
  const opaqueAt = header.lastIndexOf(OPAQUE)
  const code = Number.parseInt(header.slice(CODE.length), 10)
  const opaque = Number.parseInt(header.slice(opaqueAt + OPAQUE.length), 10)
  if (bytes[4] !== 0 || !header.startsWith(CODE) || opaqueAt < 0 || Number.isNaN(code + opaque)) {
    throw new Error(`this is no response: ${header.slice(0, 200)}`)
  }
  return { code, opaque, bytes }
}
