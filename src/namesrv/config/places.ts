import { isIPv6 } from 'node:net'
import type { GivenText } from './config-layers.ts'

/** What a text that names a place is: the path of a file or folder, a host, or several hosts between semicolons. */
export type PlaceKind = 'path' | 'host' | 'hosts'

/** Why a text names no place, as the end of a sentence that begins with it; undefined if nothing is wrong. */
export function placeProblem(kind: PlaceKind, { text, source }: GivenText): string | undefined {
  // What stands at the end is trimmed; at the beginning only an escape can have made it, but for a list on several lines.
  const checked = kind === 'hosts' ? text.replaceAll(/\s*;\s*/g, ';').trim() : text.trimEnd()
  const control = Array.from(checked).find((letter) => letter < ' ' || letter === '\x7f')
  if (control !== undefined) {
    const character = JSON.stringify(control).slice(1, -1)
    return `contains the control character ${character}: a single backslash begins an escape; write / or \\\\`
  }
  // The letters after the backslashes may begin no escape, and only the backslashes are lost then.
  if (kind === 'path' && source.layer === 'file' && /^[A-Za-z]:(?![\\/])./.test(text)) {
    return 'has no / after the drive: a single backslash begins an escape and is lost; write / or \\\\'
  }
  return undefined
}

/** A host without the brackets that an IPv6 address may have. */
export function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

/** Why a text is not the one host to listen on, as the end of a sentence that begins with it; undefined if it may be one. */
export function bindAddressProblem(text: string): string | undefined {
  if (/^(?:\[.*\]|[^:]*):\d*$/.test(text)) return 'has a port, which listenPort names'
  if (!/[[\]]/.test(text)) return undefined
  const host = withoutBrackets(text)
  return host !== text && isIPv6(host) ? undefined : 'has no IPv6 address in its brackets'
}
