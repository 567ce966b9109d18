/** A value of ASN.1's distinguished encoding (X.690). */
export interface DerValue {
  readonly tag: number
  readonly content: Buffer
}

/** Tags of the values that keys and certificates are read for. */
export const DerTag = { INTEGER: 0x02, OCTET_STRING: 0x04, OID: 0x06, SEQUENCE: 0x30 } as const

/**
 * The values that stand one after the other in some bytes; those inside of them are not read.
 * @throws {RangeError} The bytes are cut off, or no such encoding.
 */
export function readDer(bytes: Buffer): DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at)
    const first = bytes.readUInt8(at + 1)
    // 0x80, a length that is not known in advance, is not DER: readUIntBE rejects zero bytes.
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    const start = at + 2 + lengthBytes
    const length = first < 0x80 ? first : bytes.readUIntBE(at + 2, lengthBytes)
    if (start + length > bytes.length) throw new RangeError('DER value is cut off')
    values.push({ tag, content: bytes.subarray(start, start + length) })
    at = start + length
  }
  return values
}

/**
 * The values of a sequence that must be one, and must have the tags named at its beginning.
 * @throws {RangeError}
 */
export function readSequence(value: DerValue | undefined, ...tags: readonly number[]): Buffer[] {
  if (value?.tag !== DerTag.SEQUENCE) throw new RangeError('DER value is not a sequence')
  const values = readDer(value.content)
  if (tags.some((tag, index) => values[index]?.tag !== tag)) throw new RangeError('unexpected DER value')
  return values.map(({ content }) => content)
}
