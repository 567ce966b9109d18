import { FrameError } from './errors.ts'
import { HEADER_WORD_BYTES, LENGTH_WORD_BYTES } from './frame-decoder.ts'
import { type DecodedHeader, decodeJsonHeader, jsonHeaderText } from './header/json-header.ts'
import { decodeRocketMQHeader, encodeRocketMQHeader } from './header/rocketmq-header.ts'
import { type RemotingCommand, SerializeType } from './remoting-command.ts'

/**
 * Reads one frame, as {@link FrameDecoder} gives it: header word, header, body.
 *
 * @param frame - The frame without its length word. The body of the result is a view of it.
 * @param nextOpaque - Gives the opaque of a JSON header that has none, as Java does from a counter of its own.
 * @throws {FrameError} `ERR_HEADER_LENGTH`, `ERR_SERIALIZE_TYPE`, `ERR_HEADER`
 * @see RemotingCommand#decode in apache/rocketmq
 */
export function decodeCommand(frame: Buffer, nextOpaque: () => number): RemotingCommand {
  const headerWord = frame.readInt32BE(0)
  const headerBytes = headerWord & 0xffffff
  const bodyAt = HEADER_WORD_BYTES + headerBytes
  if (headerBytes === 0 || bodyAt > frame.length) {
    throw new FrameError(
      'ERR_HEADER_LENGTH',
      `header length ${headerBytes} in a frame of ${frame.length} bytes`,
    )
  }
  const header = decodeHeader(headerWord >> 24, frame.subarray(HEADER_WORD_BYTES, bodyAt))
  return {
    code: header.code,
    language: header.language,
    version: header.version,
    opaque: header.opaque ?? nextOpaque(),
    flag: header.flag,
    remark: header.remark,
    extFields: header.extFields,
    body: bodyAt === frame.length ? null : frame.subarray(bodyAt),
  }
}

function decodeHeader(serializeType: number, header: Buffer): DecodedHeader {
  switch (serializeType) {
    case SerializeType.JSON:
      return decodeJsonHeader(header)
    case SerializeType.ROCKETMQ:
      return decodeRocketMQHeader(header)
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
