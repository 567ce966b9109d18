import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { propertiesText } from '../harness/java.ts'
import { type NameServer, startNameServer } from '../harness/name-server.ts'
import type { Release } from '../harness/packages.ts'
import { againAfterRace } from './java-race.ts'
import { type Action, actionsOf, type Dialect } from './random/actions.ts'
import { run } from './random/play-actions.ts'
import { Difference, Twins } from './random/twins.ts'
import { World } from './random/world.ts'

// DIFFERENTIAL_STEPS=50000 makes a long run. A failure prints its seed, its path and the shortest actions found that show it:
// DIFFERENTIAL_SEED=... does the same again; DIFFERENTIAL_REPLAY=file does the actions that the file holds as JSON.
const STEPS = Number(process.env['DIFFERENTIAL_STEPS'] ?? 10_000)
const SEED = process.env['DIFFERENTIAL_SEED']
const REPLAY = process.env['DIFFERENTIAL_REPLAY']
/** On average, see actionsOf. */
const STEPS_A_RUN = 50
/** How long to look for fewer actions that show the same, ms. */
const SHRINK_MS = 60_000

interface Setting {
  readonly release: Release
  readonly dialect: Dialect
  readonly properties: Readonly<Record<string, boolean>>
  /** True if ours caches nothing: every route is encoded and every registration read each time. */
  readonly keepsNothing?: boolean
}

const KEEP_NOTHING = { encodedRouteMaxBytes: 0, registrationMemoryMaxBytes: 0 }

const settings: readonly Setting[] = [
  { release: '5.5.0', dialect: '5.x', properties: {} },
  {
    release: '5.5.0',
    dialect: '5.x',
    properties: {
      supportActingMaster: true,
      orderMessageEnable: true,
      returnOrderTopicConfigToBroker: false,
    },
  },
  { release: '5.5.0', dialect: '5.x', properties: { supportActingMaster: true }, keepsNothing: true },
  { release: '5.5.0', dialect: '5.x', properties: { deleteTopicWithBrokerRegistration: true } },
  { release: '5.3.3', dialect: '5.x', properties: { supportActingMaster: true } },
  { release: '4.9.7', dialect: '4.9', properties: {} },
]

describe('random sequences of requests sent to a Java NameServer and to ours', () => {
  it.each(
    settings.map((setting) => {
      const keys = propertiesText(setting.properties).replaceAll('\n', ' ')
      return [`${setting.release} ${keys}${setting.keepsNothing ? '(nothing cached)' : ''}`, setting] as const
    }),
  )(
    'leave the same responses and the same tables: %s',
    async (_, setting) => {
      const play = player(setting)
      try {
        if (REPLAY === undefined) await checkRandom(setting.dialect, play.run)
        else await play.run(JSON.parse(readFileSync(REPLAY, 'utf8')) as Action[])
      } finally {
        await play.end()
      }
      expect(play.compared()).toBeGreaterThan(0)
    },
    3_600_000,
  )
})

/** Plays one sequence after the other to the same two servers; after a difference they are not the same, and new ones start. */
function player({ release, dialect, properties, keepsNothing }: Setting) {
  let runs = 0
  let compared = 0
  let pair: { readonly twins: Twins; readonly servers: readonly NameServer[] } | undefined
  const start = async () => {
    const servers = await Promise.all([
      startNameServer({ kind: 'java', release, properties }),
      startNameServer({ kind: 'ours', properties: { ...properties, ...(keepsNothing && KEEP_NOTHING) } }),
    ])
    const [java, ours] = servers
    return { twins: new Twins(release, { java: java.address, ours: ours.address }), servers }
  }
  const end = async (): Promise<void> => {
    compared += pair?.twins.compared ?? 0
    pair?.twins.destroy()
    await Promise.all(pair?.servers.map(({ program }) => program.kill()) ?? [])
    pair = undefined
  }
  return {
    run: (actions: readonly Action[]): Promise<void> =>
      againAfterRace(async () => {
        pair ??= await start()
        runs += 1
        try {
          await run(pair.twins, new World(`r${runs}-`, dialect), actions)
        } catch (error) {
          await end()
          throw error
        }
      }),
    end,
    compared: () => compared,
  }
}

/** @throws {Error} with what differed, the seed, and the actions as JSON. */
async function checkRandom(
  dialect: Dialect,
  play: (actions: readonly Action[]) => Promise<void>,
): Promise<void> {
  let failedMs: number | undefined
  const property = fc.asyncProperty(actionsOf(dialect), async (actions) => {
    // When nothing fails any more, fast-check has the shortest it will find.
    if (failedMs !== undefined && performance.now() - failedMs > SHRINK_MS) return
    try {
      await play(actions)
    } catch (error) {
      failedMs ??= performance.now()
      throw error
    }
  })
  const details = await fc.check(property, {
    numRuns: Math.ceil(STEPS / settings.length / STEPS_A_RUN),
    ...(SEED !== undefined && { seed: Number(SEED) }),
  })
  console.info(`seed ${details.seed}, ${details.numRuns} sequences`)
  if (!details.failed) return
  const [actions] = details.counterexample ?? []
  const { errorInstance: why } = details
  const reason = why instanceof Difference ? why.message : String((why as Error)?.stack ?? why)
  throw new Error(
    `seed ${details.seed}; after ${details.numShrinks} times fewer actions:\n${reason}\nactions ${JSON.stringify(actions)}`,
  )
}
