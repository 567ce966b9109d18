/**
 * Request frames for the load generator, and the file it reads them from (described in `load.c`).
 *
 * Nothing here comes from `src/`: a misreading of the protocol there must not make its own benchmark pass.
 */
import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'

/** MQVersion ordinal of 5.5.0; from 401 on a NameServer answers with standard JSON. */
export const CLIENT_VERSION = 513

export const Code = {
  SUCCESS: 0,
  TOPIC_NOT_EXIST: 17,
  REGISTER_BROKER: 103,
  GET_ROUTEINFO_BY_TOPIC: 105,
  QUERY_DATA_VERSION: 322,
  BROKER_HEARTBEAT: 904,
} as const

/** How the opaque stands in a frame: ten decimal digits of a JSON header, or the int32 of a ROCKETMQ header. */
type OpaqueForm = 'decimal' | 'int32'

/** A request with a place for the opaque, and what its response must look like. */
export interface RequestFrame {
  /** The whole frame, length word included, with a placeholder as opaque. */
  readonly bytes: Buffer
  /** Byte offset of the opaque in `bytes`. */
  readonly opaqueAt: number
  readonly opaqueForm: OpaqueForm
  /** Any other response code is an error. */
  readonly expectedCode: number
  /** A shorter answer body is an error; 0 accepts a response without one. */
  readonly minBodyBytes: number
}

/** What a request asks, before it is laid out as a frame. */
export interface Request {
  readonly code: number
  readonly extFields: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** MQVersion ordinal of the sender; default {@link CLIENT_VERSION}. */
  readonly version?: number
}

/** Signs a request as Java's AclClientRPCHook does: the values of its fields in the order of their names, then the body. */
export function signed(request: Request, accessKey: string, secretKey: string): Request {
  const extFields: Record<string, string> = { ...request.extFields, AccessKey: accessKey }
  const hmac = createHmac('sha1', secretKey)
  for (const name of Object.keys(extFields).sort()) hmac.update(extFields[name] ?? '')
  const signature = hmac.update(request.body ?? '').digest('base64')
  return { ...request, extFields: { ...extFields, Signature: signature } }
}

/** What to demand of each response. */
export type Expectation = Pick<RequestFrame, 'expectedCode' | 'minBodyBytes'>

const RECORD_HEAD_BYTES = 15
const PREFIX_BYTES = 8
// Ten digits, like every opaque the generator puts in its place.
const OPAQUE_PLACEHOLDER = 1_000_000_000

/** Lays a request out with a JSON header, its keys in the order Java writes them. */
export function jsonFrame(request: Request, expectation: Expectation): RequestFrame {
  const header = Buffer.from(
    JSON.stringify({
      code: request.code,
      extFields: request.extFields,
      flag: 0,
      language: 'JAVA',
      opaque: OPAQUE_PLACEHOLDER,
      serializeTypeCurrentRPC: 'JSON',
      version: request.version ?? CLIENT_VERSION,
    }),
  )
  const key = '"opaque":'
  const opaqueAt = PREFIX_BYTES + header.lastIndexOf(key) + key.length
  const body = request.body ?? Buffer.alloc(0)
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(PREFIX_BYTES - 4 + header.length + body.length, 0)
  prefix.writeUInt32BE(header.length, 4)
  return { bytes: Buffer.concat([prefix, header, body]), opaqueAt, opaqueForm: 'decimal', ...expectation }
}

/** Lays a request out with a ROCKETMQ header, as a client with `rocketmq.serialize.type=ROCKETMQ` does. */
export function rocketmqFrame(request: Request, expectation: Expectation): RequestFrame {
  const entries = Object.entries(request.extFields).map(([name, value]) => {
    const entry = Buffer.alloc(6 + Buffer.byteLength(name) + Buffer.byteLength(value))
    const valueAt = entry.writeUInt16BE(Buffer.byteLength(name), 0) + entry.write(name, 2)
    entry.write(value, entry.writeUInt32BE(Buffer.byteLength(value), valueAt))
    return entry
  })
  const fields = Buffer.concat(entries)
  const fixed = Buffer.alloc(21)
  fixed.writeInt16BE(request.code, 0)
  fixed.writeInt16BE(request.version ?? CLIENT_VERSION, 3)
  fixed.writeInt32BE(OPAQUE_PLACEHOLDER, 5)
  fixed.writeInt32BE(fields.length, 17)
  const body = request.body ?? Buffer.alloc(0)
  const prefix = Buffer.alloc(PREFIX_BYTES)
  const headerBytes = fixed.length + fields.length
  prefix.writeUInt32BE(PREFIX_BYTES - 4 + headerBytes + body.length, 0)
  prefix.writeUInt32BE(0x0100_0000 | headerBytes, 4)
  const bytes = Buffer.concat([prefix, fixed, fields, body])
  return { bytes, opaqueAt: PREFIX_BYTES + 5, opaqueForm: 'int32', ...expectation }
}

/** A copy of the frame's bytes with this opaque in place. */
export function withOpaque(frame: RequestFrame, opaque: number): Buffer {
  const bytes = Buffer.from(frame.bytes)
  if (frame.opaqueForm === 'int32') bytes.writeInt32BE(opaque, frame.opaqueAt)
  else bytes.write(String(opaque).padStart(10, ' '), frame.opaqueAt, 'latin1')
  return bytes
}

/** Writes the frames in the generator's format. It sends them in this order, one after the other, from the first again. */
export function writeFramesFile(path: string, frames: readonly RequestFrame[]): void {
  const parts: Buffer[] = []
  for (const frame of frames) {
    const head = Buffer.alloc(RECORD_HEAD_BYTES)
    head.writeUInt32BE(frame.bytes.length, 0)
    head.writeUInt32BE(frame.opaqueAt, 4)
    head.writeUInt8(frame.opaqueForm === 'int32' ? 1 : 0, 8)
    head.writeInt16BE(frame.expectedCode, 9)
    head.writeUInt32BE(frame.minBodyBytes, 11)
    parts.push(head, frame.bytes)
  }
  writeFileSync(path, Buffer.concat(parts))
}
