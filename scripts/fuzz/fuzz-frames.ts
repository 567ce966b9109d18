/** Requests as frames, with headers of both kinds, and what may be wrong with each part. */
import { mutateBody } from './bodies.ts'
import { CODES, type FuzzRequest } from './fuzz-requests.ts'
import { lyingLength, mutateBytes, mutateText } from './mutate.ts'
import { oddJson, oddText, otherJson } from './names.ts'
import type { Random } from './random.ts'

/** Whether a frame may end its connection: its lengths and its header may be unreadable. */
export type Wildness = 'readable' | 'any'

const JSON_HEADER = 0
const BINARY_HEADER = 1

/** Writes a request, well or badly. */
export function fuzzedFrame(
  random: Random,
  request: FuzzRequest,
  opaque: number,
  wildness: Wildness,
): Buffer {
  const wrong = random.oneIn(2)
  const changed = wrong ? changedRequest(random, request) : request
  const binary = random.oneIn(3)
  let header = binary
    ? binaryHeader(random, changed, opaque, wrong && wildness === 'any')
    : Buffer.from(jsonHeader(random, changed, opaque, wrong, wildness))
  if (wildness === 'any' && random.oneIn(8)) {
    header = binary ? mutateBytes(random, header) : Buffer.from(mutateText(random, header.toString()))
  }
  const body = Buffer.from(changed.body ?? '')
  return around(random, header, body, binary ? BINARY_HEADER : JSON_HEADER, wildness)
}

function around(random: Random, header: Buffer, body: Buffer, type: number, wildness: Wildness): Buffer {
  const frame = Buffer.allocUnsafe(8 + header.length + body.length)
  let length = 4 + header.length + body.length
  let headerWord = (type << 24) | header.length
  if (wildness === 'any' && random.oneIn(12)) length = lyingLength(random, length)
  if (wildness === 'any' && random.oneIn(12)) {
    const serializeType = random.oneIn(4) ? random.below(256) : type
    headerWord = (serializeType << 24) | (lyingLength(random, header.length) & 0xff_ffff)
  }
  frame.writeInt32BE(length | 0, 0)
  frame.writeInt32BE(headerWord, 4)
  header.copy(frame, 8)
  body.copy(frame, 8 + header.length)
  return frame
}

/** Another code, flag or version, fields that are missing, doubled, unknown or odd, another body. */
function changedRequest(random: Random, request: FuzzRequest): FuzzRequest {
  const fields = [...request.fields]
  let { code, version, flag, body } = request
  const at = random.below(fields.length + 1)
  const [name = 'topic'] = fields[at] ?? []
  switch (random.below(10)) {
    case 0:
      fields.splice(at, 1)
      break
    case 1:
      fields.push([name, oddText(random)])
      break
    case 2:
      fields.splice(at, 1, [name, oddText(random)])
      break
    case 3:
      fields.push([oddText(random), oddText(random)])
      break
    case 4:
      code = random.oneIn(2) ? random.pick(CODES) : random.below(0x8000)
      break
    case 5:
      flag = random.pick([1, 2, 3, 4, 6, 8, -1, -2, -4])
      break
    case 6:
      version = random.pick([-1, 0, 36, 37, 400, 401, 412, 413, 475, 476, 612, 613, 32_767, -32_768])
      break
    default:
      body =
        body === null ? (random.oneIn(4) ? random.bytes(random.below(40)) : null) : mutateBody(random, body)
  }
  return { code, version, flag, fields, body }
}

/** Members in the order in which Java writes them, one of which may be missing, of another type, or there twice. */
function jsonHeader(
  random: Random,
  { code, version, flag, fields }: FuzzRequest,
  opaque: number,
  wrong: boolean,
  wildness: Wildness,
): string {
  const odd = (): string => (wildness === 'any' ? oddJson(random) : otherJson(random))
  const values = fields.map(([name, value]) => [JSON.stringify(name), JSON.stringify(value)])
  if (wrong && values.length > 0 && random.oneIn(6)) random.pick(values)[1] = odd()
  const extFields = values.map(([name, value]) => `${name}:${value}`).join(',')
  const members = [
    `"code":${code}`,
    ...(fields.length === 0 && !random.oneIn(4) ? [] : [`"extFields":{${extFields}}`]),
    `"flag":${flag}`,
    `"language":"${random.oneIn(4) ? random.pick(['GO', 'CPP', 'RUST', 'COBOL']) : 'JAVA'}"`,
    `"opaque":${opaque}`,
    '"serializeTypeCurrentRPC":"JSON"',
    `"version":${version}`,
  ]
  if (wrong && random.oneIn(6)) {
    const at = random.below(members.length)
    const member = members[at] as string
    const other = `${member.slice(0, member.indexOf(':'))}:${odd()}`
    if (wildness === 'readable' || random.oneIn(3)) members.splice(at, 1)
    else if (random.oneIn(2)) members.push(other)
    else members[at] = other
  }
  if (random.oneIn(20)) members.push(`"remark":${random.oneIn(4) ? odd() : '"a remark"'}`)
  const blank = random.oneIn(20) ? random.pick([' ', '\n', '\t', '/**/']) : ''
  return `{${members.join(blank === '' ? ',' : `${blank},${blank}`)}}`
}

/** Sizes of name and value are written for each entry, and may be wrong. */
function binaryHeader(
  random: Random,
  { code, version, flag, fields }: FuzzRequest,
  opaque: number,
  mayLie: boolean,
): Buffer {
  const lying = mayLie && random.oneIn(4) ? random.below(3) : -1
  const lie = (which: number, bytes: number): number => (lying === which ? lyingLength(random, bytes) : bytes)
  const entries = fields.map(([name, value]) => {
    const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)]
    const entry = Buffer.allocUnsafe(6 + nameBytes.length + valueBytes.length)
    entry.writeInt16BE((lie(0, nameBytes.length) << 16) >> 16, 0)
    nameBytes.copy(entry, 2)
    entry.writeInt32BE(lie(1, valueBytes.length) | 0, 2 + nameBytes.length)
    valueBytes.copy(entry, 6 + nameBytes.length)
    return entry
  })
  const extFields = Buffer.concat(entries)
  const remark = Buffer.from(random.oneIn(20) ? oddText(random) : '')
  const header = Buffer.allocUnsafe(21 + remark.length + extFields.length)
  header.writeInt16BE((code << 16) >> 16, 0)
  header.writeUInt8(random.oneIn(10) ? random.below(256) : 0, 2)
  header.writeInt16BE((version << 16) >> 16, 3)
  header.writeInt32BE(opaque, 5)
  header.writeInt32BE(flag, 9)
  header.writeInt32BE(lie(2, remark.length) | 0, 13)
  remark.copy(header, 17)
  header.writeInt32BE(extFields.length, 17 + remark.length)
  extFields.copy(header, 21 + remark.length)
  return header
}
