import { isIPv6 } from 'node:net'

/** Written from the specification of the PROXY protocol, without our own code. */
export const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** A version 1 header. */
export function proxyV1(source: string, sourcePort: number): Buffer {
  const [protocol, destination] = isIPv6(source) ? ['TCP6', '2001:db8::2'] : ['TCP4', '10.0.0.2']
  return Buffer.from(`PROXY ${protocol} ${source} ${destination} ${sourcePort} 9876\r\n`)
}

/** A version 2 header around any content. */
export function proxyV2(versionAndCommand: number, familyAndProtocol: number, content: Buffer): Buffer {
  const fixed = Buffer.alloc(4)
  fixed.writeUInt8(versionAndCommand, 0)
  fixed.writeUInt8(familyAndProtocol, 1)
  fixed.writeUInt16BE(content.length, 2)
  return Buffer.concat([V2_SIGNATURE, fixed, content])
}

/** Addresses and ports of a TCP connection over IPv4, and what may follow them. */
export function proxyV2Tcp4(source: string, sourcePort: number, entries: Buffer = Buffer.alloc(0)): Buffer {
  const content = Buffer.alloc(12)
  for (const [index, part] of [...source.split('.'), 10, 0, 0, 2].entries()) {
    content.writeUInt8(Number(part), index)
  }
  content.writeUInt16BE(sourcePort, 8)
  content.writeUInt16BE(9876, 10)
  return proxyV2(0x21, 0x11, Buffer.concat([content, entries]))
}

/** An entry after the addresses of a version 2 header: type, length, value. */
export function proxyV2Entry(type: number, value: string): Buffer {
  const head = Buffer.alloc(3)
  head.writeUInt8(type, 0)
  head.writeUInt16BE(value.length, 1)
  return Buffer.concat([head, Buffer.from(value)])
}
