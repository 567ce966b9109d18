import { BlockList, isIP } from 'node:net'

/** Networks whose PROXY headers are trusted. */
export class TrustedNetworks {
  readonly #networks: BlockList | undefined

  private constructor(networks: BlockList | undefined) {
    this.#networks = networks
  }

  /**
   * Parses a comma-separated list such as `10.0.0.0/8, 192.168.1.7, fd00::/8`.
   * @param text - Empty for all addresses.
   * @throws {RangeError} The message continues a sentence that begins with the text.
   */
  static of(text: string | undefined): TrustedNetworks {
    if (text === undefined || text === '') return new TrustedNetworks(undefined)
    const networks = new BlockList()
    for (const item of text.split(',').map((part) => part.trim())) {
      const [, bracketed, plain, prefix] = /^(?:\[([^/]*:[^/]*)\]|([^/]+))(?:\/(\d{1,3}))?$/.exec(item) ?? []
      const address = bracketed ?? plain ?? ''
      const version = isIP(address)
      const bits = version === 4 ? 32 : 128
      if (version === 0 || Number(prefix ?? bits) > bits) {
        throw new RangeError(`has no network in ${JSON.stringify(item)}`)
      }
      networks.addSubnet(address, Number(prefix ?? bits), version === 4 ? 'ipv4' : 'ipv6')
    }
    return new TrustedNetworks(networks)
  }

  /** Whether some addresses are outside. */
  get restricted(): boolean {
    return this.#networks !== undefined
  }

  /** Whether an address is in one of the networks; an IPv4 address may be in IPv6 notation. */
  has(address: string): boolean {
    if (this.#networks === undefined) return true
    const version = isIP(address)
    return version !== 0 && this.#networks.check(address, version === 4 ? 'ipv4' : 'ipv6')
  }
}
