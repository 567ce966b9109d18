import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type NameServer, type NameServerOptions, startNameServer } from '../harness/name-server.ts'
import { type OtherMachine, startOtherMachine } from '../harness/other-machine.ts'
import type { Release } from '../harness/packages.ts'
import { projectRoot } from '../harness/work-folder.ts'
import { inOneOrder, KV_FILE_UNORDERED } from './body-order.ts'
import { differencesOf, withoutPlaces } from './compare.ts'
import { differences } from './differences.ts'
import { againAfterRace } from './java-race.ts'
import { type Player, play } from './play.ts'
import { asAnsweredBy, notCompared, releaseDifferences } from './release-differences.ts'
import type { Sequence } from './sequence.ts'
import { sequences } from './sequences/index.ts'
import { fromAnotherMachine, strangerDifferences, withoutUpdates } from './stranger.ts'

/** What differs first explains most of what differs later. */
const MAX_SHOWN = 10

let machine: OtherMachine

beforeAll(async () => {
  machine = await startOtherMachine()
})

describe('the same requests sent to Java NameServers and to ours', () => {
  it.concurrent.each(sequences.map((sequence) => [sequence.name, sequence] as const))(
    '%s: every response is the same, to another machine too, except that its updates are rejected',
    async (_, sequence) => {
      const { releases = ['5.5.0', '5.3.3'] } = sequence
      const [release] = releases as [Release, ...Release[]]
      const strange = fromAnotherMachine(sequence)
      const unchanged = withoutUpdates(strange)
      const [ours, stranger, untouched, ...javas] = await Promise.all([
        playToNew({ kind: 'ours', accessProfile: 'open' }, sequence),
        playToNew({ kind: 'ours', machine }, strange),
        unchanged === sequence ? undefined : playToNew({ kind: 'java', release }, unchanged),
        ...releases.map((each) => playToNew({ kind: 'java', release: each }, sequence)),
      ])
      const found = javas.flatMap(({ player, server, outcomes }) => [
        ...differencesOf(sequence, player as Release, outcomes, ours.outcomes),
        ...(sequence.kvFile === true ? kvFileDifferences(player as Release, server, ours.server) : []),
        ...(sequence.configFile === true ? configFileDifferences(server, ours.server) : []),
      ])
      const java = untouched ?? (javas[0] as Played)
      found.push(...strangerDifferences(strange, release, java.outcomes, stranger.outcomes))
      expect(found.slice(0, MAX_SHOWN).join('\n\n')).toBe('')
    },
  )
})

interface Played {
  readonly player: Player
  readonly server: NameServer
  readonly outcomes: Awaited<ReturnType<typeof play>>
}

/** Plays a sequence to a server of its own. */
function playToNew(options: NameServerOptions, sequence: Sequence): Promise<Played> {
  return againAfterRace(async () => {
    const player = options.kind === 'ours' ? options.kind : options.release
    const server = await startNameServer({ ...options, properties: sequence.properties ?? {} })
    const outcomes = await play(server.address, player, sequence).finally(() => server.program.kill())
    return { player, server, outcomes }
  })
}

describe('the intended differences', () => {
  it('are each described in docs/differences.md, and no others are', () => {
    const inOrder = [
      ...differences.shownBySequences,
      ...differences.shownByRacesOnly,
      ...differences.shownByTlsOnly,
      ...differences.shownInOtherModes,
      ...differences.shownByFaults,
      ...differences.shownByOwnCodes,
    ].sort()
    expect(describedIn(0)).toEqual(inOrder)
  })

  it('of 5.5.0 from earlier releases are each described in docs/differences.md, and no others are', () => {
    const ids = releaseDifferences.map(({ id }) => id)
    expect(describedIn(1)).toEqual([...ids, ...notCompared].sort())
  })

  it('are each shown by a sequence, unless it takes a race', () => {
    expect([...shown(sequences)].sort()).toEqual([...differences.shownBySequences].sort())
  })
})

/** The names in a table of docs/differences.md. */
function describedIn(table: number): string[] {
  const text = readFileSync(join(projectRoot, 'docs/differences.md'), 'utf8').split('\n## ')[table] ?? ''
  return [...text.matchAll(/^\| `([a-z\d-]+)`/gm)].map(([, id]) => id ?? '').sort()
}

/** The files have the escapes of their release. */
function kvFileDifferences(release: Release, java: NameServer, ours: NameServer): string[] {
  const fileOf = ({ program }: NameServer) => readFileSync(join(program.home, 'kvConfig.json'), 'latin1')
  const [a, b] = [fileOf(java), fileOf(ours)]
  const then = asAnsweredBy(release, { serializeType: 0, headerText: '', body: b }, { code: 100 })
  if (then === 'silent') return []
  const canonical = (text: string): string => inOneOrder(withoutEmptied(text), KV_FILE_UNORDERED)
  if (canonical(a) === canonical(then.body)) return []
  return [`the KV files differ\n${release}   ${a}\nours    ${b}`]
}

/** Java's file keeps namespaces whose last key was deleted (emptied-namespace-removed). */
function withoutEmptied(text: string): string {
  return text.replace('"":{},', '').replace(/,?"":\{\}/, '')
}

function configFileDifferences(java: NameServer, ours: NameServer): string[] {
  const [a = '', b = ''] = [java, ours].map(({ program }) =>
    readFileSync(join(program.home, 'namesrv.properties'), 'latin1'),
  )
  return withoutPlaces(a) === withoutPlaces(b)
    ? []
    : [`the configuration files differ\njava    ${a}\nours    ${b}`]
}

function shown(all: readonly Sequence[]): Set<string> {
  const ids = new Set<string>()
  for (const { steps } of all) {
    for (const step of steps) {
      if ('close' in step || step.differs === undefined) continue
      ids.add(typeof step.differs === 'string' ? step.differs : step.differs.id)
    }
  }
  return ids
}
