/** An answer taken apart, its texts kept as they came. */
export interface Answer {
  /** Type byte of the frame. */
  readonly serializeType: number
  /** Bytes of the header as Latin-1. */
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
  return {
    serializeType: frame.readUInt8(4),
    headerText: header.toString('latin1'),
    fields: JSON.parse(header.toString()) as Record<string, unknown>,
    body: frame.toString('latin1', headerEnd),
  }
}
