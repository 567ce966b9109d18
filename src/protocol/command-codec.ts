import { FrameError } from './errors.ts'
import { HEADER_WORD_BYTES, LENGTH_WORD_BYTES } from './frame-decoder.ts'
import { type DecodedHeader, decodeJsonHeader, jsonHeaderText } from './header/json-header.ts'
import { decodeRocketMQHeader, encodeRocketMQHeader } from './header/rocketmq-header.ts'
import { type RemotingCommand, SerializeType } from './remoting-command.ts'

/**
 * Reads one frame, as {@link FrameDecoder} gives it: header word, header, body.
 *
 * @param bytes - The frame without its length word, or more bytes that have it `from` one offset `to` another. The body of the
 *   result is a view of them.
 * @param nextOpaque - Gives the opaque of a JSON header that has none, as Java does from a counter of its own.
 * @throws {FrameError} `ERR_HEADER_LENGTH`, `ERR_SERIALIZE_TYPE`, `ERR_HEADER`
 * @see RemotingCommand#decode in apache/rocketmq
 */
export function decodeCommand(
  bytes: Buffer,
  nextOpaque: () => number,
  from = 0,
  to = bytes.length,
): RemotingCommand {
  const headerWord = bytes.readInt32BE(from)
  const headerBytes = headerWord & 0xffffff
  const headerAt = from + HEADER_WORD_BYTES
  const bodyAt = headerAt + headerBytes
  if (headerBytes === 0 || bodyAt > to) {
    throw new FrameError('ERR_HEADER_LENGTH', `header length ${headerBytes} in a frame of ${to - from} bytes`)
  }
  const header = decodeHeader(headerWord >> 24, bytes, headerAt, bodyAt)
  return {
    code: header.code,
    language: header.language,
    version: header.version,
    opaque: header.opaque ?? nextOpaque(),
    flag: header.flag,
    remark: header.remark,
    extFields: header.extFields,
    body: bodyAt === to ? null : bytes.subarray(bodyAt, to),
  }
}

function decodeHeader(serializeType: number, bytes: Buffer, from: number, to: number): DecodedHeader {
  switch (serializeType) {
    case SerializeType.JSON:
      return decodeJsonHeader(bytes, from, to)
    case SerializeType.ROCKETMQ:
      return decodeRocketMQHeader(bytes.subarray(from, to))
    default:
      throw new FrameError('ERR_SERIALIZE_TYPE', `serialize type ${serializeType & 0xff} is unknown`)
  }
}

const PREFIX_BYTES = LENGTH_WORD_BYTES + HEADER_WORD_BYTES

/** Writes a command as one frame, length word included. */
export function encodeCommand(command: RemotingCommand, serializeType: SerializeType): Buffer {
  const body = command.body
  const bodyBytes = body === null ? 0 : body.length
  let frame: Buffer
  let headerBytes: number
  if (serializeType === SerializeType.JSON) {
    const text = jsonHeaderText(command)
    headerBytes = Buffer.byteLength(text)
    frame = Buffer.allocUnsafe(PREFIX_BYTES + headerBytes + bodyBytes)
    frame.write(text, PREFIX_BYTES)
  } else {
    const header = encodeRocketMQHeader(command)
    headerBytes = header.length
    frame = Buffer.allocUnsafe(PREFIX_BYTES + headerBytes + bodyBytes)
    header.copy(frame, PREFIX_BYTES)
  }
  frame.writeInt32BE(HEADER_WORD_BYTES + headerBytes + bodyBytes, 0)
  frame.writeInt32BE((serializeType << 24) | headerBytes, LENGTH_WORD_BYTES)
  body?.copy(frame, PREFIX_BYTES + headerBytes)
  return frame
}
