import fc from 'fast-check'
import { frame, type Request, requestFrame } from './raw-client.ts'
import { lookup, putKVConfig, registration, registrationBody } from './requests.ts'

/** What a peer sends that it should not, and what must come of it. */
export interface BadPeer {
  readonly kind: string
  readonly bytes: Buffer
  /**
   * `closed`: the server closes by itself. `ended`: there is nothing to object to yet, and the server closes when the peer
   * ends. An answer: its code and the beginning of its remark; the connection stays in use.
   */
  readonly outcome: 'closed' | 'ended' | { readonly code: number; readonly remark: string }
}

const BAD_BROKER = { name: 'bad-broker', address: '127.0.0.1:666', topics: ['BadTopic', 'BadTopic2'] }

/** With this byte TLS begins, and the server waits for the rest of a handshake; the tests of TLS see to that. */
const TLS_HANDSHAKE = 0x16

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const garbage = fc.uint8Array({ minLength: 0, maxLength: 64 }).map((bytes) => Buffer.from(bytes))
const valid = fc.constantFrom(lookup('TopicA'), registration(BAD_BROKER), putKVConfig('n', 'k', 'v'))

function closing(kind: string, bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<BadPeer> {
  return bytes.map((value) => ({ kind, bytes: value, outcome: 'closed' }))
}

function refused(request: Request, remark: string, code = 1): BadPeer {
  return { kind: 'half-valid', bytes: requestFrame(request), outcome: { code, remark } }
}

const truncated = fc.tuple(valid, fc.nat()).map(([request, cut]): BadPeer => {
  const whole = requestFrame(request)
  return { kind: 'truncated', bytes: whole.subarray(0, cut % whole.length), outcome: 'ended' }
})

/** Any bytes; a length word that could be one announces more than will come. */
const random = fc.uint8Array({ minLength: 1, maxLength: 256 }).map((bytes): BadPeer => {
  if (bytes[0] === TLS_HANDSHAKE) bytes[0]++
  if (bytes[0] === 0 && bytes.length >= 4) bytes[1] = (bytes[1] ?? 0) | 1
  const length = bytes.length < 4 ? 4 : Buffer.from(bytes).readInt32BE(0)
  const hopeless = length < 4 || length > 16_777_212
  return { kind: 'random', bytes: Buffer.from(bytes), outcome: hopeless ? 'closed' : 'ended' }
})

const badLength = fc
  .tuple(
    fc.oneof(fc.integer({ min: 16_777_213 }), fc.integer({ max: -1 }), fc.integer({ min: 0, max: 3 })),
    garbage,
  )
  .filter(([length]) => length >> 24 !== TLS_HANDSHAKE)
  .map(([length, rest]) => Buffer.concat([int32(length), rest]))

const badHeaderLength = fc
  .tuple(
    fc.integer({ min: 0, max: 1 }),
    fc.oneof(fc.constant(0), fc.integer({ min: 65, max: 0xffffff })),
    garbage,
  )
  .map(([type, headerBytes, rest]) =>
    Buffer.concat([int32(4 + rest.length), int32((type << 24) | headerBytes), rest]),
  )

const badSerializeType = fc
  .tuple(fc.integer({ min: 2, max: 255 }), garbage)
  .map(([type, rest]) => frame('{"code":105}', rest, type))

const badJsonHeader = fc
  .oneof(
    fc.constantFrom('null', '[]', '5', '"x"', ' ', '{"code":0x65}', '{"code":99999999999}', '{"code":105}x'),
    fc.nat().map((cut) => {
      const whole = '{"code":105,"extFields":{"topic":"TopicA"},"flag":0,"opaque":1,"version":513}'
      return whole.slice(0, 1 + (cut % (whole.length - 1)))
    }),
    garbage.map((bytes) => Buffer.concat([Buffer.of(0xff), bytes])),
  )
  .map((header) => frame(header))

/** A binary header whose remark, or whose ext fields' first key, announces a length that cannot be. */
const badBinaryHeader = fc
  .tuple(fc.constantFrom('remark', 'key', 'value'), fc.integer({ min: -2_147_483_648, max: -1 }))
  .map(([where, length]) => {
    const header = Buffer.alloc(40)
    header.writeInt16BE(105, 0)
    if (where === 'remark') header.writeInt32BE(length, 13)
    else header.writeInt32BE(19, 17)
    if (where === 'key') header.writeInt16BE(length >> 16 || -1, 21)
    if (where === 'value') header.writeInt32BE(length, 23)
    return frame(header, '', 1)
  })

const halfValid = fc.oneof(
  fc.constantFrom('brokerId', 'brokerName', 'brokerAddr', 'clusterName').map((name) => {
    const { [name]: _, ...extFields } = registration(BAD_BROKER).extFields ?? {}
    return refused({ ...registration(BAD_BROKER), extFields }, `request field ${name} is missing`)
  }),
  fc.nat().map((cut) => {
    const whole = registrationBody(BAD_BROKER.topics)
    const body = whole.slice(0, 1 + (cut % (whole.length - 1)))
    return refused({ ...registration(BAD_BROKER), body }, 'Failed to decode RegisterBrokerBody: ')
  }),
  garbage.map((rest) => {
    const { extFields = {} } = registration(BAD_BROKER)
    const body = Buffer.concat([Buffer.of(0), rest])
    return refused(
      { code: 103, extFields: { ...extFields, compressed: 'true' }, body },
      'Failed to decode RegisterBrokerBody: ',
    )
  }),
  fc.integer({ min: -32_768, max: -1 }).map((version) => {
    return refused({ ...registration(BAD_BROKER), version }, 'Failed to decode RegisterBrokerBody: version ')
  }),
  fc.integer({ min: 1_000, max: 2_147_483_647 }).map((code) => {
    return refused({ code }, ` request type ${code} not supported`, 3)
  }),
  fc.constantFrom('namespace', 'key').map((name) => {
    return refused({ code: 100, extFields: { [name]: 'x', value: 'v' } }, 'namespace or key is null')
  }),
  fc.constant(refused({ ...registration({ ...BAD_BROKER, topics: [] }), body: '[1,2' }, 'Failed to decode')),
)

/** Every way we know in which a peer can go wrong. */
export const badPeer: fc.Arbitrary<BadPeer> = fc.oneof(
  truncated,
  random,
  closing('length', badLength),
  closing('header length', badHeaderLength),
  closing('serialize type', badSerializeType),
  closing('JSON header', badJsonHeader),
  closing('binary header', badBinaryHeader),
  { arbitrary: halfValid, weight: 3 },
)
