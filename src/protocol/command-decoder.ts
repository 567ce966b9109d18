import { FrameError } from './errors.ts'
import { HEADER_WORD_BYTES } from './frame-decoder.ts'
import { CompactJsonHeaderReader } from './header/compact-json-header.ts'
import { type DecodedHeader, decodeJsonHeader } from './header/json-header.ts'
import { decodeRocketMQHeader } from './header/rocketmq-header.ts'
import { StringInterner } from './header/string-interner.ts'
import { type RemotingCommand, SerializeType } from './remoting-command.ts'

/**
 * Decodes the commands of one server, or of one client: it keeps the strings that come again and again.
 * @see RemotingCommand#decode in apache/rocketmq
 */
export class CommandDecoder {
  readonly #maxHeaderBytes: number
  readonly #interner = new StringInterner()
  readonly #compactJson = new CompactJsonHeaderReader(this.#interner)

  /** @param maxHeaderBytes - A longer header is rejected unread. */
  constructor(maxHeaderBytes = Number.POSITIVE_INFINITY) {
    this.#maxHeaderBytes = maxHeaderBytes
  }

  /**
   * Decodes one frame: header word, header, body.
   * @param bytes - Contains the frame, without its length word, from `from` to `to`.
   * @param copyBody - Whether the body is copied. Otherwise it is a view of the frame.
   * @throws {FrameError} `ERR_HEADER_LENGTH`, `ERR_HEADER_TOO_LONG`, `ERR_SERIALIZE_TYPE`, `ERR_HEADER`
   */
  decode(bytes: Buffer, copyBody = false, from = 0, to = bytes.length): RemotingCommand {
    const headerWord = bytes.readInt32BE(from)
    const headerBytes = headerWord & 0xffffff
    const headerAt = from + HEADER_WORD_BYTES
    const bodyAt = headerAt + headerBytes
    if (headerBytes === 0 || bodyAt > to) {
      const message = `header length ${headerBytes} does not fit a frame of ${to - from} bytes`
      throw new FrameError('ERR_HEADER_LENGTH', message)
    }
    if (headerBytes > this.#maxHeaderBytes) {
      const message = `header of ${headerBytes} bytes exceeds maxHeaderBytes (${this.#maxHeaderBytes})`
      throw new FrameError('ERR_HEADER_TOO_LONG', message, { limit: 'maxHeaderBytes' })
    }
    const header = this.#decodeHeader(headerWord >> 24, bytes, headerAt, bodyAt)
    const body = bodyAt === to ? null : bytes.subarray(bodyAt, to)
    return {
      // A spread takes longer than decoding the header.
      code: header.code,
      language: header.language,
      version: header.version,
      opaque: header.opaque,
      flag: header.flag,
      remark: header.remark,
      extFields: header.extFields,
      body: copyBody && body !== null ? Buffer.from(body) : body,
    }
  }

  #decodeHeader(serializeType: number, bytes: Buffer, from: number, to: number): DecodedHeader {
    switch (serializeType) {
      case SerializeType.JSON:
        return this.#compactJson.read(bytes, from, to) ?? decodeJsonHeader(bytes.subarray(from, to))
      case SerializeType.ROCKETMQ:
        return decodeRocketMQHeader(bytes.subarray(from, to), this.#interner)
      default:
        throw new FrameError(
          'ERR_SERIALIZE_TYPE',
          `serialize type ${serializeType & 0xff} is neither 0 (JSON) nor 1 (ROCKETMQ)`,
        )
    }
  }
}
