const HTTP = 'HTTP request'
const HTTP2 = 'HTTP/2 (gRPC) request'
const REDIS = 'Redis client'

/** The first four bytes of protocols that reach the wrong port. As a frame length each is over 256 MiB, or no length at all. */
const FIRST_BYTES: readonly (readonly [bytes: string, name: string])[] = [
  ...['GET ', 'HEAD', 'POST', 'PUT ', 'DELE', 'OPTI', 'PATC', 'TRAC', 'CONN'].map(
    (text) => [text, HTTP] as const,
  ),
  ['PRI ', HTTP2],
  ['SSH-', 'SSH client'],
  ...['PING', 'AUTH', 'HELL'].map((text) => [text, REDIS] as const),
  ...Array.from({ length: 9 }, (_, index) => [`*${index + 1}\r\n`, REDIS] as const),
  ['AMQP', 'AMQP client'],
]

const NAME_OF: ReadonlyMap<number, string> = new Map(
  FIRST_BYTES.map(([bytes, name]) => [
    Buffer.from(bytes, 'latin1').readInt32BE(0),
    `${name} on the remoting port`,
  ]),
)

/**
 * Names the protocol that begins with these four bytes; undefined for any other.
 * @param word - The bytes as a big-endian int32, as a frame's length word is read.
 */
export function foreignProtocol(word: number): string | undefined {
  return NAME_OF.get(word)
}
