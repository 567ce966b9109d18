/** Counts the connections of each address, up to a bound. */
export class ConnectionsPerAddress {
  readonly #max: number
  readonly #counts = new Map<string, number>()

  /** @param max - Infinity counts nothing. */
  constructor(max: number) {
    this.#max = max
  }

  /** @returns False, with nothing counted, if there are as many already. */
  add(host: string): boolean {
    if (this.#max === Number.POSITIVE_INFINITY) return true
    const address = plain(host)
    const count = this.#counts.get(address) ?? 0
    if (count >= this.#max) return false
    this.#counts.set(address, count + 1)
    return true
  }

  /** One that was counted is gone. */
  remove(host: string): void {
    const address = plain(host)
    const count = this.#counts.get(address) ?? 0
    if (count > 1) this.#counts.set(address, count - 1)
    else this.#counts.delete(address)
  }

  /** Addresses with a connection. */
  get size(): number {
    return this.#counts.size
  }
}

/** An IPv4 address in IPv6 notation, as a socket of both has it, is the one that a PROXY header writes plainly. */
function plain(host: string): string {
  return host.replace(/^::ffff:(?=\d+\.)/i, '')
}
