import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { everyWay } from './explore.ts'
import { type Body, type Event, History, type Line } from './history.ts'
import { randomHistories } from './random-steps.ts'
import type { SteppedServerOptions } from './stepped-server.ts'
import { type Broker, TIMEOUT_MS } from './who-is-alive.ts'

// A failure prints the steps that lead to it. INTERLEAVINGS_RUNS=100000 makes a long run of random histories, and
// INTERLEAVINGS_SEED=... the same one again.
const RUNS = Number(process.env['INTERLEAVINGS_RUNS'] ?? 500)
const SEED = Number(process.env['INTERLEAVINGS_SEED'] ?? Date.now() % 2 ** 31)

const MASTER: Broker = { name: 'a', id: 0, address: 'a:1' }
const SLAVE: Broker = { name: 'a', id: 1, address: 'a:2' }
const OTHER: Broker = { name: 'b', id: 0, address: 'b:1' }
/** Has the name and id of MASTER. */
const TWIN: Broker = { name: 'a', id: 0, address: 'a:3' }
const TWIN_AS_SLAVE: Broker = { name: 'a', id: 1, address: 'a:3' }
/** OTHER under another name. */
const RENAMED: Broker = { name: 'c', id: 0, address: 'b:1' }

const ALL = [MASTER, SLAVE, OTHER, TWIN, TWIN_AS_SLAVE, RENAMED]

const register = (connection: number, broker = MASTER, body: Body = 'first'): Event => ({
  kind: 'register',
  connection,
  broker,
  body,
})
const heartbeat = (connection: number, broker = MASTER): Event => ({ kind: 'heartbeat', connection, broker })
const version = (connection: number, broker = MASTER): Event => ({ kind: 'version', connection, broker })
const leave = (connection: number, broker = MASTER): Event => ({ kind: 'leave', connection, broker })
const close = (connection: number): Event => ({ kind: 'close', connection })
const scan: Event = { kind: 'scan' }
const evict: Event = { kind: 'evict' }
const pass = (ms = TIMEOUT_MS + 1): Event => ({ kind: 'pass', ms })

interface SmallHistory extends SteppedServerOptions {
  readonly what: string
  readonly lines: readonly Line[]
}

const SMALL: readonly SmallHistory[] = [
  {
    what: 'a broker that registers over a new connection while the old one is lost',
    lines: [[register(1)], [register(2, MASTER, 'second')], [close(1)]],
  },
  {
    what: 'the same, and the new one is lost, too',
    lines: [[register(1)], [register(2)], [close(1)], [close(2)]],
  },
  {
    what: 'a registration over a new connection that cannot be read',
    lines: [[register(1)], [register(2, MASTER, 'broken')], [close(1)], [register(3)]],
  },
  {
    what: 'a request to leave between two registrations, over three connections',
    lines: [[register(1)], [leave(2)], [register(3, MASTER, 'second')]],
  },
  {
    what: 'a request to leave over the old connection, which then closes, and a registration over a new one',
    lines: [[register(1), leave(1), close(1)], [register(2)]],
  },
  {
    what: 'a broker that falls silent and is heard from again, by a heartbeat',
    lines: [
      [register(1), heartbeat(1)],
      [pass(), scan, evict],
    ],
    stepsPerSlice: 1,
  },
  {
    what: 'a broker that falls silent and is heard from again, by a question for its version, while another registers',
    lines: [[register(1), version(1)], [pass(), scan, evict], [register(2, OTHER)]],
  },
  {
    what: 'a broker that falls silent and registers over a new connection',
    lines: [[register(1)], [pass(), scan, evict], [register(2, MASTER, 'second')]],
  },
  {
    what: 'the same, and the old connection is lost',
    lines: [[register(1), close(1)], [pass(), scan, evict], [register(2)]],
  },
  {
    what: 'a heartbeat over the old connection while a registration over the new one is read',
    lines: [[register(1), heartbeat(1)], [register(2, MASTER, 'second')], [pass(1), pass(TIMEOUT_MS)]],
  },
  {
    what: 'master and slave: one leaves and the other loses its connection',
    lines: [[register(1), leave(1)], [register(2, SLAVE)], [close(2)]],
  },
  {
    what: 'two brokers on one connection that is lost, one of which comes back over another',
    lines: [[register(1), register(1, OTHER)], [close(1)], [register(2)]],
  },
  {
    what: 'two brokers with one name and id, each of which is lost or goes on',
    lines: [
      [register(1), register(1)],
      [register(2, TWIN), close(2)],
    ],
  },
  {
    what: 'the same, and the one takes another id',
    lines: [[register(1)], [register(2, TWIN), register(2, TWIN_AS_SLAVE)]],
  },
  {
    what: 'the same, and the one falls silent',
    lines: [[register(1), heartbeat(1)], [register(2, TWIN)], [pass(), scan, evict]],
    stepsPerSlice: 3,
  },
  {
    what: 'the same, and the one asks to leave over another connection',
    lines: [[register(1)], [register(2, TWIN), leave(3, TWIN)]],
  },
  {
    what: 'a broker that comes back under another name over a new connection while the old one is lost',
    lines: [[register(1, OTHER)], [register(2, RENAMED)], [close(1)]],
  },
  {
    what: 'a broker with two names in turn, the first of which asks to leave',
    lines: [[register(1, OTHER), leave(1, OTHER)], [register(2, RENAMED, 'second')]],
    stepsPerSlice: 3,
  },
]

/** What the fence by generation is for: the order of arrival is not kept. */
const STRAYING: readonly SmallHistory[] = [
  {
    what: 'a request to leave that comes to the tables late, and registrations before and after it',
    lines: [[register(1), leave(1)], [register(2, MASTER, 'second')]],
    leavesStray: true,
  },
  {
    what: 'the same, while another broker registers',
    lines: [[leave(1)], [register(2)], [register(3, OTHER)]],
    leavesStray: true,
  },
]

describe('no order of the steps takes a live broker away or leaves a dead one', () => {
  let explored = 0

  test.each([...SMALL, ...STRAYING])('$what', async ({ lines, ...options }) => {
    explored += await everyWay((choose) => new History(lines, options).run(choose))
  })

  test('and there are tens of thousands of such orders in the histories above', () => {
    expect(explored).toBeGreaterThan(30_000)
  })
})

test(
  `nor does any order of a long history (INTERLEAVINGS_SEED=${SEED})`,
  async () => {
    let steps = 0
    await fc.assert(
      fc.asyncProperty(randomHistories(ALL), async ({ lines, choices }) => {
        let next = 0
        await new History(lines).run((possibilities) => {
          steps++
          return (choices[next++] ?? 0) % possibilities
        })
      }),
      { seed: SEED, numRuns: RUNS },
    )
    expect(steps).toBeGreaterThan(20 * RUNS)
  },
  60_000 + 10 * RUNS,
)
