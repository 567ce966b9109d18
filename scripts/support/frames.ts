/** Frames with JSON headers, as Java clients write them; nothing here comes from `src/`. */

/** What a request asks. */
export interface Request {
  readonly code: number
  readonly fields: Readonly<Record<string, string>>
  readonly body?: string
  /** MQVersion ordinal of the sender. Default 513, 5.5.0. */
  readonly version?: number
}

/** The frame of a request. */
export function requestFrame({ code, fields, body, version = 513 }: Request, opaque: number): Buffer {
  const rest = { flag: 0, language: 'JAVA', opaque, serializeTypeCurrentRPC: 'JSON', version }
  return frame(JSON.stringify({ code, extFields: fields, ...rest }), body)
}

/** The frame around a header and a body. */
export function frame(header: string, body = ''): Buffer {
  const [headerBytes, bodyBytes] = [Buffer.from(header), Buffer.from(body)]
  const words = Buffer.alloc(8)
  words.writeInt32BE(4 + headerBytes.length + bodyBytes.length, 0)
  words.writeInt32BE(headerBytes.length, 4)
  return Buffer.concat([words, headerBytes, bodyBytes])
}
