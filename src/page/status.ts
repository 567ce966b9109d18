import type { Views } from '../inspect/api-types.ts'
import { noteStatus } from './rates.ts'
import type { Seen, Store } from './store.ts'

/** Rates are differences of totals, so they are as fresh as this. */
const EVERY_MS = 2_000

/** The server in numbers, which the header and the overview show. */
export function watchStatus(store: Store): Seen<Views['/api/v1/status']> {
  const status = store.watch('/api/v1/status', {
    everyMillis: EVERY_MS,
    concerns: ({ kind }) => kind === 'ready' || kind === 'not_ready' || kind.startsWith('finding_'),
  })
  noteStatus(status.value)
  return status
}
