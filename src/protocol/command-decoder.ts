import { FrameError } from './errors.ts'
import { HEADER_WORD_BYTES } from './frame-decoder.ts'
import { CompactJsonHeaderReader } from './header/compact-json-header.ts'
import { type DecodedHeader, decodeJsonHeader } from './header/json-header.ts'
import { decodeRocketMQHeader } from './header/rocketmq-header.ts'
import { StringInterner } from './header/string-interner.ts'
import { type RemotingCommand, SerializeType } from './remoting-command.ts'

/** Options of a {@link CommandDecoder}. */
export interface CommandDecoderOptions {
  /** Supplies the opaque of a JSON header that has none; Java takes it from a counter of its own. */
  readonly nextOpaque: () => number
  /** A longer header is rejected unread. Default: no limit. */
  readonly maxHeaderBytes?: number
}

/**
 * Decodes the commands of one server, or of one client: it keeps the strings that come again and again.
 * @see RemotingCommand#decode in apache/rocketmq
 */
export class CommandDecoder {
  readonly #nextOpaque: () => number
  readonly #maxHeaderBytes: number
  readonly #interner = new StringInterner()
  readonly #compactJson = new CompactJsonHeaderReader(this.#interner)

  constructor({ nextOpaque, maxHeaderBytes = Number.POSITIVE_INFINITY }: CommandDecoderOptions) {
    this.#nextOpaque = nextOpaque
    this.#maxHeaderBytes = maxHeaderBytes
  }

  /**
   * Decodes one frame: header word, header, body.
   * @param bytes - Contains the frame without its length word between the offsets `from` and `to`. The body of the result is a
   *   view of them.
   * @throws {FrameError} `ERR_HEADER_LENGTH`, `ERR_HEADER_TOO_LONG`, `ERR_SERIALIZE_TYPE`, `ERR_HEADER`
   */
  decode(bytes: Buffer, from = 0, to = bytes.length): RemotingCommand {
    const headerWord = bytes.readInt32BE(from)
    const headerBytes = headerWord & 0xffffff
    const headerAt = from + HEADER_WORD_BYTES
    const bodyAt = headerAt + headerBytes
    if (headerBytes === 0 || bodyAt > to) {
      throw new FrameError(
        'ERR_HEADER_LENGTH',
        `header length ${headerBytes} does not fit a frame of ${to - from} bytes`,
      )
    }
    if (headerBytes > this.#maxHeaderBytes) {
      throw new FrameError(
        'ERR_HEADER_TOO_LONG',
        `header of ${headerBytes} bytes exceeds maxHeaderBytes (${this.#maxHeaderBytes})`,
        { limit: 'maxHeaderBytes' },
      )
    }
    const header = this.#decodeHeader(headerWord >> 24, bytes, headerAt, bodyAt)
    return {
      code: header.code,
      language: header.language,
      version: header.version,
      opaque: header.opaque ?? this.#nextOpaque(),
      flag: header.flag,
      remark: header.remark,
      extFields: header.extFields,
      body: bodyAt === to ? null : bytes.subarray(bodyAt, to),
    }
  }

  #decodeHeader(serializeType: number, bytes: Buffer, from: number, to: number): DecodedHeader {
    switch (serializeType) {
      case SerializeType.JSON:
        return this.#compactJson.read(bytes, from, to) ?? decodeJsonHeader(bytes.subarray(from, to))
      case SerializeType.ROCKETMQ:
        return decodeRocketMQHeader(bytes.subarray(from, to), this.#interner)
      default:
        throw new FrameError('ERR_SERIALIZE_TYPE', `serialize type ${serializeType & 0xff} is unknown`)
    }
  }
}
