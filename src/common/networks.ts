import { BlockList, isIP } from 'node:net'
import { addressGroups } from './address-groups.ts'

/** Addresses from one to another, both included. */
interface Range {
  readonly from: string
  readonly to: string
  /** The first address after them; undefined if they are the last of their family. */
  readonly next: string | undefined
  readonly family: 'ipv4' | 'ipv6'
}

/** How the addresses of a family are written. */
interface Notation {
  readonly family: Range['family']
  readonly separator: '.' | ':'
  readonly groups: number
  readonly radix: 10 | 16
  readonly maxGroup: number
}

const IPV4: Notation = { family: 'ipv4', separator: '.', groups: 4, radix: 10, maxGroup: 255 }
const IPV6: Notation = { family: 'ipv6', separator: ':', groups: 8, radix: 16, maxGroup: 0xffff }

/** Hosts whose result is kept: a check of a BlockList takes microseconds. */
const MAX_KNOWN_HOSTS = 4_096

/** A set of networks. */
export class Networks {
  /** Addresses at which the set begins or ends: those from one edge up to the next are all in it, or all outside. */
  readonly edges: readonly string[]
  readonly #list = new BlockList()
  readonly #included: ReadonlyMap<string, Networks>
  readonly #known = new Map<string, boolean>()

  /** @param included - Named networks that also belong to the set. */
  constructor(ranges: readonly Range[], included: ReadonlyMap<string, Networks> = new Map()) {
    for (const { from, to, family } of ranges) this.#list.addRange(from, to, family)
    this.#included = included
    this.edges = [
      ...ranges.flatMap(({ from, next }) => (next === undefined ? [from] : [from, next])),
      ...[...included.values()].flatMap(({ edges }) => edges),
    ]
  }

  /** Whether an IP address is in one of the networks. An IPv4 address may be in IPv6 notation; other texts are in none. */
  has(host: string): boolean {
    const known = this.#known.get(host)
    if (known !== undefined) return known
    // A zone, such as %eth0, is no part of an IPv6 address. Other texts are not kept: peers may make them long.
    const version = isIP(host)
    if (version === 0) return false
    const [address = ''] = host.split('%', 1)
    const result =
      this.#list.check(address, version === 4 ? 'ipv4' : 'ipv6') || this.nameOf(address) !== undefined
    if (this.#known.size >= MAX_KNOWN_HOSTS) this.#known.clear()
    this.#known.set(address, result)
    return result
  }

  /** The name of the first included network that an address is in. */
  nameOf(host: string): string | undefined {
    for (const [name, networks] of this.#included) if (networks.has(host)) return name
    return undefined
  }
}

/** The addresses of this machine for itself. */
export const LOOPBACK = new Networks([...rangesOf('127.0.0.0/8'), ...rangesOf('::1')])

/**
 * The ranges of a network: an address, CIDR, or an address pattern of `plain_acl.yml`, such as `10.10.103.*`, `192.168.1-20.*`
 * or `1.1.1.{1,2}`, in IPv4 or IPv6; `*` stands for all addresses.
 *
 * @returns Empty if the text is no network.
 * @see org.apache.rocketmq.acl.plain.RemoteAddressStrategyFactory
 */
export function rangesOf(text: string): readonly Range[] {
  if (text === '*') return [...rangesOf('0.0.0.0/0'), ...rangesOf('::/0')]
  const [, address = text, prefix] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const version = isIP(address)
  if (version !== 0 && !address.includes('%')) return subnetOf(address, version === 4 ? IPV4 : IPV6, prefix)
  if (prefix !== undefined) return []
  const [, head, choices] = /^(.+[.:])\{([^{}]+)\}$/.exec(text) ?? []
  if (choices === undefined) return patternRange(text, text.includes(':') ? IPV6 : IPV4)
  const each = choices.split(',').map((last) => {
    const single = `${head}${last.trim()}`
    return isIP(single) === 0 ? [] : rangesOf(single)
  })
  return each.some((ranges) => ranges.length === 0) ? [] : each.flat()
}

function subnetOf(address: string, notation: Notation, prefix: string | undefined): readonly Range[] {
  const { groups, maxGroup } = notation
  const groupBits = maxGroup === 255 ? 8 : 16
  const bits = Number(prefix ?? groups * groupBits)
  if (bits > groups * groupBits) return []
  const values = groupsOf(address, notation)
  const bounds = values.map((value, index): [number, number] => {
    const hostBits = Math.min(groupBits, Math.max(0, (index + 1) * groupBits - bits))
    const low = value - (value % 2 ** hostBits)
    return [low, low + 2 ** hostBits - 1]
  })
  return [rangeOf(bounds, notation)]
}

/** The numbers of a valid address. */
function groupsOf(address: string, { separator, groups, radix }: Notation): number[] {
  // The last 32 bits of an IPv6 address may be in the notation of IPv4.
  const text =
    separator === '.'
      ? address
      : address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
          [256 * Number(a) + Number(b), 256 * Number(c) + Number(d)]
            .map((value) => value.toString(16))
            .join(':'),
        )
  return addressGroups(text, groups, separator).map((group) => Number.parseInt(group, radix))
}

/** A pattern: numbers, then a number, a range or `*`, then `*` only, so that its addresses are one range. */
function patternRange(text: string, notation: Notation): readonly Range[] {
  const { groups, separator, radix, maxGroup } = notation
  const parts = addressGroups(text, groups, separator)
  if (parts.length !== groups || text.split('::').length > 2) return []
  const number = radix === 10 ? /^\d{1,3}$/ : /^[\da-f]{1,4}$/i
  const bounds = parts.map((part): [number, number] => {
    if (part === '*') return [0, maxGroup]
    const [low = '', high = low, ...more] = part.split('-')
    if (more.length > 0 || !number.test(low) || !number.test(high)) return [1, 0]
    return [Number.parseInt(low, radix), Number.parseInt(high, radix)]
  })
  const isInvalid = bounds.some(([low, high]) => low > high || high > maxGroup)
  const first = bounds.findIndex(([low, high]) => low !== high)
  const isOneRange = bounds.slice(first + 1).every(([low, high]) => low === 0 && high === maxGroup)
  return isInvalid || first < 0 || !isOneRange ? [] : [rangeOf(bounds, notation)]
}

function rangeOf(bounds: readonly (readonly [number, number])[], notation: Notation): Range {
  const { family, separator, radix, maxGroup } = notation
  const textOf = (groups: readonly number[]) => groups.map((group) => group.toString(radix)).join(separator)
  const last = bounds.map(([, high]) => high)
  // The last group that is not at its maximum grows by one, and those after it begin again.
  const grown = last.findLastIndex((group) => group < maxGroup)
  const next = last.map((group, index) => (index < grown ? group : index === grown ? group + 1 : 0))
  return {
    from: textOf(bounds.map(([low]) => low)),
    to: textOf(last),
    next: grown < 0 ? undefined : textOf(next),
    family,
  }
}
