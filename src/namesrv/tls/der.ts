/** A value of ASN.1's distinguished encoding (X.690). */
export interface DerValue {
  readonly tag: number
  readonly content: Buffer
}

/** Tags of the values that keys and certificates consist of. */
export const DerTag = {
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  UTF8_STRING: 0x0c,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const

/**
 * Reads a series of values; those nested in them are not read.
 * @throws {RangeError} The bytes are truncated, or not in this encoding.
 */
export function readDer(bytes: Buffer): DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at)
    const first = bytes.readUInt8(at + 1)
    // 0x80, an indefinite length, is not DER: readUIntBE rejects zero bytes.
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    const start = at + 2 + lengthBytes
    const length = first < 0x80 ? first : bytes.readUIntBE(at + 2, lengthBytes)
    if (start + length > bytes.length) throw new RangeError('DER value is truncated')
    values.push({ tag, content: bytes.subarray(start, start + length) })
    at = start + length
  }
  return values
}

/**
 * Reads the contents of a sequence that must begin with values of certain tags.
 * @throws {RangeError} It is not a sequence, or has other values.
 */
export function readSequence(value: DerValue | undefined, ...tags: readonly number[]): Buffer[] {
  if (value?.tag !== DerTag.SEQUENCE) throw new RangeError('DER value is not a sequence')
  const values = readDer(value.content)
  if (tags.some((tag, index) => values[index]?.tag !== tag)) throw new RangeError('unexpected DER value')
  return values.map(({ content }) => content)
}

/** Encodes a value: tag, length, content. */
export function encodeDer(tag: number, ...content: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(content)
  const { length } = bytes
  const lengthBytes = length < 0x80 ? [] : length < 0x100 ? [0x81] : [0x82, length >> 8]
  return Buffer.concat([Buffer.of(tag, ...lengthBytes, length & 0xff), bytes])
}

/** Encodes a sequence of values. */
export function sequence(...values: readonly Buffer[]): Buffer {
  return encodeDer(DerTag.SEQUENCE, ...values)
}

/** Encodes an object identifier from its content in hexadecimal. */
export function objectId(hex: string): Buffer {
  return encodeDer(DerTag.OID, Buffer.from(hex, 'hex'))
}
