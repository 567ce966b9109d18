import { AdminError } from './admin-error.ts'
import type { NameServer } from './name-server.ts'

/**
 * The value of `after` for the next page of a view; undefined on the last page.
 * @param next - What the page says.
 * @param after - That of the page itself; null or undefined for the first one.
 * @throws {AdminError} `protocol`: the next page is not behind this one, so that there would be no end.
 */
export function nextPage(
  { address }: NameServer,
  next: unknown,
  after: string | null | undefined,
): string | undefined {
  if (typeof next !== 'string') return undefined
  if (typeof after !== 'string' || next > after) return next
  throw new AdminError('protocol', `unexpected response from ${address}: its pages are out of order`)
}
