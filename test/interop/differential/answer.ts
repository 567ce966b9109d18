/** A response taken apart, its texts kept as they came. */
export interface Answer {
  /** Type byte of the frame. */
  readonly serializeType: number
  /** Bytes of the header as Latin-1; of a binary header, what a JSON one would say. */
  readonly headerText: string
  /** Keys in the order in which they came. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Bytes of the body as Latin-1. */
  readonly body: string
}

/** @throws {SyntaxError} if the header is not JSON. */
export function readAnswer(frame: Buffer): Answer {
  const headerEnd = 8 + (frame.readInt32BE(4) & 0xff_ff_ff)
  const header = frame.subarray(8, headerEnd)
  const serializeType = frame.readUInt8(4)
  const text = serializeType === 1 ? binaryHeaderText(header) : header
  return {
    serializeType,
    headerText: text.toString('latin1'),
    fields: JSON.parse(text.toString()) as Record<string, unknown>,
    body: frame.toString('latin1', headerEnd),
  }
}

/** What a JSON header would say. */
function binaryHeaderText(header: Buffer): Buffer {
  const remarkEnd = 17 + header.readInt32BE(13)
  const fieldsEnd = remarkEnd + 4 + header.readInt32BE(remarkEnd)
  const fields: Record<string, string> = {}
  for (let at = remarkEnd + 4; at < fieldsEnd; ) {
    const keyEnd = at + 2 + header.readInt16BE(at)
    const valueEnd = keyEnd + 4 + header.readInt32BE(keyEnd)
    fields[header.toString('utf8', at + 2, keyEnd)] = header.toString('utf8', keyEnd + 4, valueEnd)
    at = valueEnd
  }
  return Buffer.from(
    JSON.stringify({
      code: header.readInt16BE(0),
      ...(fieldsEnd > remarkEnd + 4 && { extFields: fields }),
      flag: header.readInt32BE(9),
      language: header[2] === 0 ? 'JAVA' : `number ${header[2]}`,
      opaque: header.readInt32BE(5),
      ...(remarkEnd > 17 && { remark: header.toString('utf8', 17, remarkEnd) }),
      serializeTypeCurrentRPC: 'ROCKETMQ',
      version: header.readInt16BE(3),
    }),
  )
}
