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
   * @param frame - Without its length word.
   * @param copyBody - Whether the body is copied. Otherwise it is a view of the frame.
   * @throws {FrameError} `ERR_HEADER_LENGTH`, `ERR_HEADER_TOO_LONG`, `ERR_SERIALIZE_TYPE`, `ERR_HEADER`
   */
  decode(frame: Buffer, copyBody = false): RemotingCommand {
    const headerWord = frame.readInt32BE(0)
    const headerBytes = headerWord & 0xffffff
    const bodyAt = HEADER_WORD_BYTES + headerBytes
    if (headerBytes === 0 || bodyAt > frame.length) {
      const message = `header length ${headerBytes} does not fit a frame of ${frame.length} bytes`
      throw new FrameError('ERR_HEADER_LENGTH', message)
    }
    if (headerBytes > this.#maxHeaderBytes) {
      const message = `header of ${headerBytes} bytes exceeds maxHeaderBytes (${this.#maxHeaderBytes})`
      throw new FrameError('ERR_HEADER_TOO_LONG', message, { limit: 'maxHeaderBytes' })
    }
    const header = this.#decodeHeader(headerWord >> 24, frame, bodyAt)
    const body = bodyAt === frame.length ? null : frame.subarray(bodyAt)
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

  #decodeHeader(serializeType: number, frame: Buffer, to: number): DecodedHeader {
    switch (serializeType) {
      case SerializeType.JSON:
        return (
          this.#compactJson.read(frame, HEADER_WORD_BYTES, to) ??
          decodeJsonHeader(frame.subarray(HEADER_WORD_BYTES, to))
        )
      case SerializeType.ROCKETMQ:
        return decodeRocketMQHeader(frame.subarray(HEADER_WORD_BYTES, to), this.#interner)
      default:
        throw new FrameError(
          'ERR_SERIALIZE_TYPE',
          `serialize type ${serializeType & 0xff} is neither 0 (JSON) nor 1 (ROCKETMQ)`,
        )
    }
  }
}
