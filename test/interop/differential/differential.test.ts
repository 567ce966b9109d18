import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type NameServer, type NameServerKind, startNameServer } from '../harness/name-server.ts'
import type { Release } from '../harness/packages.ts'
import { projectRoot } from '../harness/work-folder.ts'
import { inOneOrder, KV_FILE_UNORDERED } from './body-order.ts'
import { differencesOf } from './compare.ts'
import { differences } from './differences.ts'
import { play } from './play.ts'
import { asAnsweredBy } from './release-differences.ts'
import type { Sequence } from './sequence.ts'
import { sequences } from './sequences/index.ts'

describe('the same requests, sent to Java NameServers and to ours', () => {
  it.each(sequences)('$name: every answer is the same', async (sequence) => {
    const { properties, releases = ['5.5.0', '5.3.3'] } = sequence
    const start = (kind: NameServerKind) => startNameServer({ ...kind, ...(properties && { properties }) })
    const javas = releases.map(async (release) => {
      const server = await start({ kind: 'java', release })
      return { release, server, outcomes: await play(server.port, release, sequence) }
    })
    const ours = await start({ kind: 'ours' })
    const ourOutcomes = await play(ours.port, 'ours', sequence)
    const found: string[] = []
    for (const { release, server, outcomes } of await Promise.all(javas)) {
      found.push(...differencesOf(sequence, release, outcomes, ourOutcomes))
      if (sequence.kvFile === true) found.push(...kvFileDifferences(release, server, ours))
      await server.program.kill()
    }
    await ours.program.kill()
    expect(found.join('\n\n')).toBe('')
  })
})

describe('the differences on purpose', () => {
  it('are each described in docs/differences.md, and no others are', () => {
    const text = readFileSync(join(projectRoot, 'docs/differences.md'), 'utf8')
    const described = [...text.matchAll(/^\| `([a-z-]+)`/gm)].map(([, id]) => id)
    expect(described.sort()).toEqual(
      [...differences.shownBySequences, ...differences.shownByRacesOnly].sort(),
    )
  })

  it('are each shown by a sequence, unless it takes a race', () => {
    expect([...shown(sequences)].sort()).toEqual([...differences.shownBySequences].sort())
  })
})

/** The files have the escapes of their release. */
function kvFileDifferences(release: Release, java: NameServer, ours: NameServer): string[] {
  const fileOf = ({ program }: NameServer) => readFileSync(join(program.home, 'kvConfig.json'), 'latin1')
  const [a, b] = [fileOf(java), fileOf(ours)]
  const then = asAnsweredBy(release, { headerText: '', body: b }, { code: 100 })
  if (then === 'silent') return []
  const canonical = (text: string): string => inOneOrder(text, KV_FILE_UNORDERED)
  if (canonical(a) === canonical(then.body)) return []
  return [`the KV files differ\n${release}   ${a}\nours    ${b}`]
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
