/**
 * The smallest decoder that can describe a captured frame.
 *
 * It shares nothing with `src/` on purpose: what it writes into the fixtures is the expected value in tests of our own
 * decoder, so a misreading in one must not be repeated in the other. It trusts its input, because the input comes from
 * real peers on loopback.
 */
import { createHash } from 'node:crypto'
import { inflateSync } from 'node:zlib'

/** Header of one frame, as fields. `serializeType` is the wire byte: 0 JSON, 1 ROCKETMQ. */
export interface FrameHeader {
  serializeType: number
  code: number
  language: string
  version: number
  opaque: number
  flag: number
  remark: string | null
  extFields: Record<string, string> | null
}

/** What a fixture says of a body: text, or a compressed body's content and digest; `bodyText` is null without a body. */
export interface BodyDescription {
  bodyText?: string | null
  bodySha256?: string
  bodyInflatedHex?: string
}

const LENGTH_BYTES = 4
const HEADER_OFFSET_BYTES = 8
const SERIALIZE_TYPE_JSON = 0
const SERIALIZE_TYPE_ROCKETMQ = 1

// LanguageCode of 5.5.0, in the order of its byte codes.
const LANGUAGES = 'JAVA CPP DOTNET PYTHON DELPHI ERLANG RUBY OTHER HTTP GO PHP OMS RUST NODE_JS'.split(' ')

/** Cuts one direction of a TCP stream into frames, each with its length word. */
export class FrameSplitter {
  #pending: Buffer = Buffer.alloc(0)

  /** Adds a chunk and returns the frames that are whole now. */
  push(chunk: Buffer): Buffer[] {
    this.#pending = Buffer.concat([this.#pending, chunk])
    const frames: Buffer[] = []
    while (this.#pending.length >= LENGTH_BYTES) {
      const frameBytes = LENGTH_BYTES + this.#pending.readInt32BE(0)
      if (this.#pending.length < frameBytes) break
      frames.push(this.#pending.subarray(0, frameBytes))
      this.#pending = this.#pending.subarray(frameBytes)
    }
    return frames
  }
}

/** Splits one whole frame into header fields and body bytes. */
export function decodeFrame(bytes: Buffer): { frame: FrameHeader; body: Buffer } {
  const lengthWord = bytes.readInt32BE(0)
  if (lengthWord !== bytes.length - LENGTH_BYTES) {
    throw new Error(`length word says ${lengthWord}, ${bytes.length - LENGTH_BYTES} bytes follow`)
  }
  const serializeType = bytes.readUInt8(LENGTH_BYTES)
  const bodyOffset = HEADER_OFFSET_BYTES + bytes.readUIntBE(LENGTH_BYTES + 1, 3)
  const header = bytes.subarray(HEADER_OFFSET_BYTES, bodyOffset)
  const body = bytes.subarray(bodyOffset)
  if (serializeType === SERIALIZE_TYPE_JSON) return { frame: decodeJsonHeader(header), body }
  if (serializeType === SERIALIZE_TYPE_ROCKETMQ) return { frame: decodeBinaryHeader(header), body }
  throw new Error(`serialization type ${serializeType} is not known`)
}

function decodeJsonHeader(header: Buffer): FrameHeader {
  const json = JSON.parse(header.toString('utf8')) as Partial<FrameHeader>
  const { code, language, version, opaque, flag } = json
  if (
    code === undefined ||
    language === undefined ||
    version === undefined ||
    opaque === undefined ||
    flag === undefined
  ) {
    throw new Error(`a header field is missing in ${header.toString('utf8')}`)
  }
  return {
    serializeType: SERIALIZE_TYPE_JSON,
    code,
    language,
    version,
    opaque,
    flag,
    remark: json.remark ?? null,
    extFields: json.extFields ?? null,
  }
}

function decodeBinaryHeader(header: Buffer): FrameHeader {
  let at = 0
  const take = (length: number): Buffer => {
    at += length
    return header.subarray(at - length, at)
  }
  const int16 = (): number => take(2).readInt16BE(0)
  const int32 = (): number => take(4).readInt32BE(0)
  const text = (length: number): string => take(length).toString('utf8')

  const code = int16()
  const languageByte = take(1).readUInt8(0)
  const version = int16()
  const opaque = int32()
  const flag = int32()
  const remarkBytes = int32()
  const remark = remarkBytes === 0 ? null : text(remarkBytes)
  const mapBytes = int32()
  const mapEnd = at + mapBytes
  const entries: [string, string][] = []
  while (at < mapEnd) {
    const key = text(int16())
    entries.push([key, text(int32())])
  }
  if (at !== header.length) throw new Error(`${header.length - at} bytes are left in the binary header`)
  return {
    serializeType: SERIALIZE_TYPE_ROCKETMQ,
    code,
    language: LANGUAGES[languageByte] ?? `byte ${languageByte}`,
    version,
    opaque,
    flag,
    remark,
    extFields: mapBytes === 0 ? null : Object.fromEntries(entries),
  }
}

/** Describes a body for the JSON side of a fixture. */
export function describeBody(body: Buffer): BodyDescription {
  if (body.length === 0) return { bodyText: null }
  try {
    return { bodyText: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body) }
  } catch {
    // Not text: the one other form on this wire is a zlib stream, and inflateSync throws if it is not even that.
    return { bodySha256: sha256(body), bodyInflatedHex: inflateSync(body).toString('hex') }
  }
}

/** SHA-256 of the bytes, lower-case hex. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * The same JSON-headed request with a few header fields changed and everything else as the peer sent it.
 *
 * @param bytes - A captured frame with a JSON header.
 * @param changes - Header fields to put in place of the captured ones; key order is kept.
 */
export function editRequest(bytes: Buffer, changes: Partial<FrameHeader>): Buffer {
  const bodyOffset = HEADER_OFFSET_BYTES + bytes.readUIntBE(LENGTH_BYTES + 1, 3)
  const captured = JSON.parse(bytes.toString('utf8', HEADER_OFFSET_BYTES, bodyOffset)) as object
  const header = Buffer.from(JSON.stringify({ ...captured, ...changes }))
  const prefix = Buffer.alloc(HEADER_OFFSET_BYTES)
  prefix.writeInt32BE(LENGTH_BYTES + header.length + bytes.length - bodyOffset, 0)
  prefix.writeUIntBE(header.length, LENGTH_BYTES + 1, 3)
  return Buffer.concat([prefix, header, bytes.subarray(bodyOffset)])
}
