/**
 * Header of serialize type 1, ROCKETMQ:
 *
 * ```
 * code int16 | language byte | version int16 | opaque int32 | flag int32
 * remark length int32 | remark utf-8
 * ext fields length int32 | ( name length int16 | name utf-8 | value length int32 | value utf-8 )*
 * ```
 *
 * A length of 0 stands for null.
 *
 * @see RocketMQSerializable in apache/rocketmq
 */
import { FrameError } from '../errors.ts'
import { LANGUAGE_CODES } from '../language-code.ts'
import type { ExtFields, RemotingCommand } from '../remoting-command.ts'
import type { DecodedHeader } from './json-header.ts'
import type { StringInterner } from './string-interner.ts'

const FIXED_BYTES = 21

/**
 * Reads a ROCKETMQ header.
 * @throws {FrameError} `ERR_HEADER`
 */
export function decodeRocketMQHeader(header: Buffer, interner: StringInterner): DecodedHeader {
  if (header.length < FIXED_BYTES) throw badHeader(`${header.length} of at least ${FIXED_BYTES} bytes`)
  const remarkBytes = header.readInt32BE(13)
  const extFieldsLengthAt = 17 + remarkBytes
  if (remarkBytes < 0 || extFieldsLengthAt + 4 > header.length) throw badLength('remark', remarkBytes, header)
  const extFieldsBytes = header.readInt32BE(extFieldsLengthAt)
  if (extFieldsBytes > header.length) throw badLength('ext fields', extFieldsBytes, header)
  return {
    code: header.readInt16BE(0),
    language: LANGUAGE_CODES[header[2] as number] ?? 'OTHER',
    version: header.readInt16BE(3),
    opaque: header.readInt32BE(5),
    flag: header.readInt32BE(9),
    remark: remarkBytes === 0 ? null : header.toString('utf8', 17, extFieldsLengthAt),
    extFields:
      extFieldsBytes <= 0 ? null : decodeExtFields(header, extFieldsLengthAt + 4, extFieldsBytes, interner),
  }
}

/** As in Java, the last entry may extend beyond the announced length, but not beyond the header. */
function decodeExtFields(
  header: Buffer,
  from: number,
  extFieldsBytes: number,
  interner: StringInterner,
): ExtFields {
  const fields = new Map<string, string | null>()
  let at = from
  while (at < from + extFieldsBytes) {
    const nameAt = checkedEnd(at, 2, header, header.length)
    const valueLengthAt = checkedEnd(nameAt, header.readInt16BE(at), header, extFieldsBytes)
    const valueAt = checkedEnd(valueLengthAt, 4, header, header.length)
    at = checkedEnd(valueAt, header.readInt32BE(valueLengthAt), header, extFieldsBytes)
    if (valueLengthAt === nameAt) continue
    const name = interner.utf8(header, nameAt, valueLengthAt)
    fields.set(name, at === valueAt ? null : interner.utf8(header, valueAt, at))
  }
  return fields
}

function checkedEnd(from: number, bytes: number, header: Buffer, maxBytes: number): number {
  if (bytes < 0 || bytes > maxBytes || from + bytes > header.length)
    throw badLength('ext field', bytes, header)
  return from + bytes
}

function badLength(what: string, bytes: number, header: Buffer): FrameError {
  return badHeader(`${what} length ${bytes} does not fit in a header of ${header.length} bytes`)
}

function badHeader(detail: string): FrameError {
  return new FrameError('ERR_HEADER', `ROCKETMQ header is not readable: ${detail}`)
}

/** The bytes of a ROCKETMQ header. Names over 32,767 bytes cannot be encoded and are left out. */
export function encodeRocketMQHeader(command: RemotingCommand): Buffer {
  const remark = Buffer.from(command.remark ?? '')
  const parts: Buffer[] = []
  let extFieldsBytes = 0
  for (const [name, value] of command.extFields ?? []) {
    const nameBytes = Buffer.from(name)
    if (value === null || nameBytes.length > 0x7fff) continue
    const valueBytes = Buffer.from(value)
    const lengths = Buffer.alloc(6)
    lengths.writeInt16BE(nameBytes.length, 0)
    lengths.writeInt32BE(valueBytes.length, 2)
    parts.push(lengths.subarray(0, 2), nameBytes, lengths.subarray(2), valueBytes)
    extFieldsBytes += 6 + nameBytes.length + valueBytes.length
  }
  const fixed = Buffer.alloc(FIXED_BYTES)
  fixed.writeInt16BE((command.code << 16) >> 16, 0)
  fixed[2] = LANGUAGE_CODES.indexOf(command.language)
  fixed.writeInt16BE((command.version << 16) >> 16, 3)
  fixed.writeInt32BE(command.opaque, 5)
  fixed.writeInt32BE(command.flag, 9)
  fixed.writeInt32BE(remark.length, 13)
  fixed.writeInt32BE(extFieldsBytes, 17)
  return Buffer.concat([fixed.subarray(0, 17), remark, fixed.subarray(17), ...parts])
}
