import fc from 'fast-check'
import type { Body, Event, Line } from './history.ts'
import { type Broker, TIMEOUT_MS } from './who-is-alive.ts'

/** Most steps in which a random history chooses; after them it goes on with what is there first. */
const MOST_CHOICES = 600

/** Events in their lines, and what is chosen in turn. */
export interface RandomHistory {
  readonly lines: readonly Line[]
  readonly choices: readonly number[]
}

/**
 * A long history of these brokers: each connects again and again, and each connection says something for a while and is lost
 * sooner or later, or never. Beside that time passes, and the silent are looked for.
 */
export function randomHistories(brokers: readonly Broker[]): fc.Arbitrary<RandomHistory> {
  const body = fc.constantFrom<Body>('first', 'first', 'second', 'broken')
  const says = fc.record({
    broker: fc.constantFrom(...brokers),
    kind: fc.constantFrom('register', 'register', 'heartbeat', 'version', 'leave'),
    body,
  })
  const talk = fc.record({
    events: fc.array(says, { minLength: 1, maxLength: 5 }),
    closes: fc.constantFrom('never', 'afterwards', 'at any time'),
  })
  const watch = fc.array(
    fc.oneof(
      fc.constantFrom<Event>({ kind: 'scan' }, { kind: 'evict' }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, TIMEOUT_MS, TIMEOUT_MS + 1) }),
    ),
    { maxLength: 10 },
  )
  return fc
    .record({
      talks: fc.array(talk, { minLength: 2, maxLength: 10 }),
      watch,
      choices: fc.array(fc.nat(), { minLength: 10, maxLength: MOST_CHOICES, size: 'max' }),
    })
    .map(({ talks, watch, choices }) => {
      const lines: Line[] = [watch]
      for (const [index, { events, closes }] of talks.entries()) {
        const connection = index + 1
        const line: Event[] = events.map((event) => ({ ...event, connection }) as Event)
        const close: Event = { kind: 'close', connection }
        lines.push(closes === 'afterwards' ? [...line, close] : line)
        if (closes === 'at any time') lines.push([close])
      }
      return { lines, choices }
    })
}
