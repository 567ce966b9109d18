import type { TemplateResult } from 'lit-html'
import type { Views } from '../inspect/api-types.ts'
import { badge } from './components.ts'

type Access = Views['/api/v1/topics/{topic}']['brokers'][number]['access']

/** What a permission lets clients do. */
export const ACCESS_WORDS: Readonly<Record<Access, string>> = {
  rw: 'Read, write',
  r: 'Read only',
  w: 'Write only',
  '': 'No access',
}

/** What brokers together let clients do with a topic. @param accesses - Of each broker group that has the topic. */
export function accessBadge(accesses: readonly Access[]): TemplateResult {
  const together = (['r', 'w'] as const)
    .filter((kind) => accesses.some((access) => access.includes(kind)))
    .join('') as Access
  if (together !== 'rw') return badge(together === '' ? 'critical' : 'warning', ACCESS_WORDS[together])
  return accesses.every((access) => access === 'rw')
    ? badge('good', ACCESS_WORDS.rw)
    : badge('info', 'Differs by broker')
}
