import type { RequestStep } from './sequence.ts'

// Written from the protocol's description alone and sharing nothing with src/, so that a misreading there is not
// repeated here.

const DEFAULT_VERSION = 513
/** Bytes of the languages that the sequences use in binary headers. */
const LANGUAGE_BYTES: Readonly<Record<string, number>> = { JAVA: 0, CPP: 1, OTHER: 7, GO: 9 }

/** The frame of a request. */
export function requestBytes(step: RequestStep, defaultOpaque: number): Buffer {
  if (step.frameHex !== undefined) return Buffer.from(step.frameHex, 'hex')
  const body = bodyBytes(step)
  const binary = step.serializeType === 'ROCKETMQ'
  const header = headerBytes(step, step.opaque ?? defaultOpaque, binary)
  const lengths = Buffer.alloc(8)
  lengths.writeInt32BE(4 + header.length + body.length, 0)
  lengths.writeInt32BE(((binary ? 1 : 0) << 24) | header.length, 4)
  return Buffer.concat([lengths, header, body])
}

function bodyBytes({ body, bodyHex }: RequestStep): Buffer {
  return bodyHex === undefined ? Buffer.from(body ?? '') : Buffer.from(bodyHex, 'hex')
}

function headerBytes(step: RequestStep, opaque: number, binary: boolean): Buffer {
  if (step.header !== undefined) return Buffer.from(step.header)
  if (step.headerHex !== undefined) return Buffer.from(step.headerHex, 'hex')
  if (binary) return binaryHeader(step, opaque)
  const {
    code,
    extFields = null,
    moreFields = [],
    flag = 0,
    language = 'JAVA',
    version = DEFAULT_VERSION,
  } = step
  const entries = [...Object.entries(extFields ?? {}), ...moreFields]
  const fields = entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  const rest = JSON.stringify({ flag, language, opaque, serializeTypeCurrentRPC: 'JSON', version })
  const hasFields = extFields !== null || moreFields.length > 0
  return Buffer.from(
    `{"code":${code},${hasFields ? `"extFields":{${fields.join(',')}},` : ''}${rest.slice(1)}`,
  )
}

function binaryHeader(step: RequestStep, opaque: number): Buffer {
  const { code, extFields, moreFields = [], flag = 0, language = 'JAVA', version = DEFAULT_VERSION } = step
  const fields = [...Object.entries(extFields ?? {}), ...moreFields].flatMap(([key, value]) =>
    value === null ? [] : [int16(Buffer.byteLength(key)), Buffer.from(key), sized(String(value))],
  )
  const map = Buffer.concat(fields)
  return Buffer.concat([
    int16(code),
    Buffer.of(LANGUAGE_BYTES[language] ?? 0),
    int16(version),
    int32(opaque),
    int32(flag),
    int32(0),
    int32(map.length),
    map,
  ])
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([int32(bytes.length), bytes])
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value & 0xffff)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
