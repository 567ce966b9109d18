import { isIPv4, isIPv6 } from 'node:net'

/** An address in a PROXY header. */
export interface ProxiedAddress {
  readonly host: string
  readonly port: number
}

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
      readonly source?: ProxiedAddress
      readonly destination?: ProxiedAddress
    }
  | { readonly kind: 'malformed'; readonly why: string }

const V1_PREFIX = Buffer.from('PROXY')
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n')
/** Max bytes of a version 1 line before its CR LF: Netty's limit, one more than the specification's. */
const V1_MAX_LINE_BYTES = 108
/** Signature, version and command, family and protocol, length of the rest. */
const V2_FIXED_BYTES = 16

const V2_LOCAL = 0
const V2_PROXY = 1

/** Bytes of both addresses and ports, by family. */
const V2_FAMILIES: ReadonlyMap<number, { readonly kind: 'unknown' | 'ip' | 'unix'; readonly bytes: number }> =
  new Map([
    [0x00, { kind: 'unknown', bytes: 0 }],
    [0x11, { kind: 'ip', bytes: 12 }],
    [0x12, { kind: 'ip', bytes: 12 }],
    [0x21, { kind: 'ip', bytes: 36 }],
    [0x22, { kind: 'ip', bytes: 36 }],
    [0x31, { kind: 'unix', bytes: 216 }],
    [0x32, { kind: 'unix', bytes: 216 }],
  ])

/**
 * Reads a PROXY header, version 1 (text) or 2 (binary), at the beginning of a connection. No valid frame begins like one, whatever
 * the frame limit. The protocol limits a header to 110 bytes in version 1 and 65,551 in version 2.
 *
 * @param bytes - All bytes received so far.
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
    return malformed(`a version 1 line of more than ${V1_MAX_LINE_BYTES} bytes`)
  }
  const [prefix, protocol, ...fields] = bytes.toString('latin1', 0, end).split(' ')
  if (prefix !== 'PROXY') return malformed('no space after PROXY in a version 1 line')
  // The rest of the line is ignored.
  if (protocol === 'UNKNOWN') return { kind: 'header', bytes: end + 2 }
  if (protocol !== 'TCP4' && protocol !== 'TCP6') return malformed('neither TCP4, TCP6 nor UNKNOWN')
  if (fields.length !== 4) return malformed('not two addresses and two ports')

  const isAddress = protocol === 'TCP4' ? isIPv4 : isIPv6WithoutZone
  const [sourceHost = '', destinationHost = '', ...ports] = fields
  if (!isAddress(sourceHost) || !isAddress(destinationHost)) return malformed(`no ${protocol} address`)
  const [sourcePort, destinationPort] = ports.map(portOf)
  if (sourcePort === undefined || destinationPort === undefined) {
    return malformed('a port that is not within 1 and 65535')
  }
  return {
    kind: 'header',
    bytes: end + 2,
    source: { host: sourceHost, port: sourcePort },
    destination: { host: destinationHost, port: destinationPort },
  }
}

function readVersion2(bytes: Buffer): ProxyHeader {
  if (bytes.length < V2_FIXED_BYTES) return { kind: 'more', bytes: V2_FIXED_BYTES }
  const version = bytes.readUInt8(12) >> 4
  const command = bytes.readUInt8(12) & 0xf
  if (version !== 2) return malformed(`version ${version} in a binary header`)
  if (command !== V2_LOCAL && command !== V2_PROXY) return malformed(`unknown command ${command}`)
  const family = V2_FAMILIES.get(bytes.readUInt8(13))
  if (family === undefined) return malformed('unknown family or protocol')

  const end = V2_FIXED_BYTES + bytes.readUInt16BE(14)
  const hasAddresses = command === V2_PROXY && family.kind !== 'unknown'
  if (hasAddresses && end < V2_FIXED_BYTES + family.bytes) return malformed('no room for its addresses')
  if (bytes.length < end) return { kind: 'more', bytes: end }
  if (!hasAddresses) return { kind: 'header', bytes: end }
  const addresses = bytes.subarray(V2_FIXED_BYTES, V2_FIXED_BYTES + family.bytes)
  if (!areEntriesWhole(bytes.subarray(V2_FIXED_BYTES + family.bytes, end))) {
    return malformed('an entry beyond its end')
  }
  return { kind: 'header', bytes: end, ...(family.kind === 'ip' && ipAddresses(addresses)) }
}

/** Source, destination, and a port for each. */
function ipAddresses(bytes: Buffer): { source: ProxiedAddress; destination: ProxiedAddress } {
  const hostBytes = (bytes.length - 4) / 2
  const hostAt = hostBytes === 4 ? ipv4 : ipv6
  return {
    source: { host: hostAt(bytes, 0), port: bytes.readUInt16BE(2 * hostBytes) },
    destination: { host: hostAt(bytes, hostBytes), port: bytes.readUInt16BE(2 * hostBytes + 2) },
  }
}

function ipv4(bytes: Buffer, offset: number): string {
  return bytes.subarray(offset, offset + 4).join('.')
}

/** As Java writes it: eight groups, without `::`. */
function ipv6(bytes: Buffer, offset: number): string {
  return Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(offset + 2 * group).toString(16)).join(
    ':',
  )
}

/** Entries are type (1 byte), length (2 bytes), value. Fewer than three bytes at the end are ignored, as by Netty. */
function areEntriesWhole(entries: Buffer): boolean {
  let offset = 0
  while (offset + 3 < entries.length) offset += 3 + entries.readUInt16BE(offset + 1)
  return offset <= entries.length
}

/** A zone has a meaning only on the proxy's machine. */
function isIPv6WithoutZone(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65_535 ? port : undefined
}

function malformed(why: string): ProxyHeader {
  return { kind: 'malformed', why }
}
