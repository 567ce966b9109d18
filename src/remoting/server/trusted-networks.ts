import { BlockList, isIP } from 'node:net'

/** Networks by address and length of the prefix. */
export class TrustedNetworks {
  readonly #networks: BlockList | undefined

  private constructor(networks: BlockList | undefined) {
    this.#networks = networks
  }

  /**
   * Reads a list such as `10.0.0.0/8, 192.168.1.7, fd00::/8`, separated by commas.
   * @param text - Nothing stands for every address there is.
   * @throws {RangeError} The message says what is wrong, as the end of a sentence that begins with the text.
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

  /** Whether they are not simply every address there is. */
  get areNamed(): boolean {
    return this.#networks !== undefined
  }

  /** Whether an address is in one of them; an IPv4 address in IPv6 notation counts as what it is. */
  has(address: string): boolean {
    if (this.#networks === undefined) return true
    const version = isIP(address)
    return version !== 0 && this.#networks.check(address, version === 4 ? 'ipv4' : 'ipv6')
  }
}
