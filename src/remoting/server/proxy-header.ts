import { isIPv4, isIPv6 } from 'node:net'
import { Networks, rangesOf } from '../../common/networks.ts'
import type { RemoteAddress } from '../address.ts'
import { HandshakeError } from '../errors.ts'

/** What the first bytes of a connection are to the PROXY protocol. */
export type ProxyHeader =
  /** Unknown until at least this many bytes are there. */
  | { readonly kind: 'more'; readonly bytes: number }
  | { readonly kind: 'none' }
  | {
      readonly kind: 'header'
      /** Length of the header. */
      readonly bytes: number
      /** Undefined for `PROXY UNKNOWN`, version 2's LOCAL, and addresses other than IP addresses. */
      readonly source?: RemoteAddress
    }

const V1_PREFIX = Buffer.from('PROXY')
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n')
/** Max bytes of a version 1 line before its CR LF: Netty's limit, one more than the specification's. */
const V1_MAX_LINE_BYTES = 108
/** Signature, version and command, family and protocol, length of the rest. */
const V2_FIXED_BYTES = 16

const V2_LOCAL = 0
const V2_PROXY = 1

/** Bytes of both addresses and ports, by family and protocol: unspecified, IPv4, IPv6, Unix. */
const V2_ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [0x11, 12],
  [0x12, 12],
  [0x21, 36],
  [0x22, 36],
  [0x31, 216],
  [0x32, 216],
])

/**
 * Reads a PROXY header, version 1 (text) or 2 (binary), at the beginning of a connection. No valid frame begins like one, whatever
 * the frame limit. The protocol limits a header to 110 bytes in version 1 and 65,551 in version 2.
 *
 * @param bytes - All bytes received so far.
 * @throws {HandshakeError} `ERR_PROXY_HEADER`
 * @see HAProxyMessageDecoder in netty/netty, with which Java's NameServer reads the header
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  for (const [prefix, read] of [
    [V1_PREFIX, readVersion1],
    [V2_SIGNATURE, readVersion2],
  ] as const) {
    const compared = Math.min(bytes.length, prefix.length)
    if (bytes.compare(prefix, 0, compared, 0, compared) !== 0) continue
    return compared < prefix.length ? { kind: 'more', bytes: bytes.length + 1 } : read(bytes)
  }
  return { kind: 'none' }
}

function readVersion1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_MAX_LINE_BYTES + 2).indexOf('\r\n')
  if (end < 0) {
    if (bytes.length < V1_MAX_LINE_BYTES + 2) return { kind: 'more', bytes: bytes.length + 1 }
    throw malformed(`version 1 line of more than ${V1_MAX_LINE_BYTES} bytes`)
  }
  const [prefix, protocol, ...fields] = bytes.toString('latin1', 0, end).split(' ')
  if (prefix !== 'PROXY') throw malformed(`version 1 line begins with ${JSON.stringify(prefix)}`)
  // The rest of the line is ignored.
  if (protocol === 'UNKNOWN') return { kind: 'header', bytes: end + 2 }
  const isAddress = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isIPv6WithoutZone : undefined
  if (isAddress === undefined) {
    throw malformed(`protocol ${JSON.stringify(protocol)} is neither TCP4, TCP6 nor UNKNOWN`)
  }
  if (fields.length !== 4)
    throw malformed(`two addresses and two ports expected, ${fields.length} fields found`)
  const wrong = fields.find((field, index) => !(index < 2 ? isAddress(field) : isPort(field)))
  if (wrong !== undefined) throw malformed(`${JSON.stringify(wrong)} is no ${protocol} address or port`)
  const [host = '', , port] = fields
  return { kind: 'header', bytes: end + 2, source: { host, port: Number(port) } }
}

function readVersion2(bytes: Buffer): ProxyHeader {
  if (bytes.length < V2_FIXED_BYTES) return { kind: 'more', bytes: V2_FIXED_BYTES }
  const version = bytes.readUInt8(12) >> 4
  const command = bytes.readUInt8(12) & 0xf
  if (version !== 2) throw malformed(`version ${version} in a binary header`)
  if (command !== V2_LOCAL && command !== V2_PROXY) throw malformed(`unknown command ${command}`)
  const family = bytes.readUInt8(13)
  const addressBytes = V2_ADDRESS_BYTES.get(family)
  if (addressBytes === undefined) throw malformed(`unknown family and protocol ${family}`)

  const end = V2_FIXED_BYTES + bytes.readUInt16BE(14)
  const addressEnd = V2_FIXED_BYTES + addressBytes
  const hasAddresses = command === V2_PROXY && addressBytes > 0
  if (hasAddresses && end < addressEnd) {
    throw malformed(`length ${end - V2_FIXED_BYTES} has no room for ${addressBytes} bytes of addresses`)
  }
  if (bytes.length < end) return { kind: 'more', bytes: end }
  if (!hasAddresses) return { kind: 'header', bytes: end }
  if (!areTLVsWhole(bytes.subarray(addressEnd, end))) {
    throw malformed(`a TLV extends beyond the header of ${end} bytes`)
  }
  const isIP = addressBytes <= 36
  const addresses = bytes.subarray(V2_FIXED_BYTES, addressEnd)
  return { kind: 'header', bytes: end, ...(isIP && { source: sourceOf(addresses) }) }
}

/** Both addresses come first, then both ports; the source is the first of each. */
function sourceOf(addresses: Buffer): RemoteAddress {
  const hostBytes = (addresses.length - 4) / 2
  const host = addresses.subarray(0, hostBytes)
  return {
    host: hostBytes === 4 ? host.join('.') : ipv6Text(host),
    port: addresses.readUInt16BE(2 * hostBytes),
  }
}

/** As Java writes it: eight groups, without `::`. */
function ipv6Text(host: Buffer): string {
  const groups = host.toString('hex').replace(/....(?=.)/g, '$&:')
  return groups.replace(/\b0{1,3}/g, '')
}

/** Entries are type (1 byte), length (2 bytes), value. Fewer than three bytes at the end are ignored, as by Netty. */
function areTLVsWhole(entries: Buffer): boolean {
  let offset = 0
  while (offset + 3 < entries.length) offset += 3 + entries.readUInt16BE(offset + 1)
  return offset <= entries.length
}

/** A zone has a meaning only on the proxy's machine. */
function isIPv6WithoutZone(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535
}

function malformed(why: string): HandshakeError {
  return new HandshakeError('ERR_PROXY_HEADER', `malformed PROXY header: ${why}`)
}

/** Networks whose PROXY headers are trusted. */
export class TrustedNetworks {
  /** Undefined for all addresses. */
  readonly #networks: Networks | undefined

  /**
   * @param text - A comma-separated list such as `10.0.0.0/8, 192.168.1.7, fd00::/8`; empty for all addresses.
   * @throws {RangeError} The message continues a sentence that begins with the text.
   */
  constructor(text: string | undefined) {
    if (text === undefined || text === '') return
    const ranges = text.split(',').flatMap((part) => {
      const item = part.trim()
      const found = rangesOf(item.replace(/^\[([^\]]*:[^\]]*)\]/, '$1'))
      if (found.length > 0) return found
      const problem = `must be a list of networks such as 10.0.0.0/8; ${JSON.stringify(item)} is not one`
      throw new RangeError(problem)
    })
    this.#networks = new Networks(ranges)
  }

  /** Whether some addresses are outside. */
  get restricted(): boolean {
    return this.#networks !== undefined
  }

  /** Whether an address is in one of the networks; an IPv4 address may be in IPv6 notation. */
  has(address: string): boolean {
    return this.#networks?.has(address) ?? true
  }
}
