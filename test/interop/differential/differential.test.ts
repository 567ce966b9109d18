import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type NameServer, reference, startNameServer } from '../harness/name-server.ts'
import { projectRoot } from '../harness/work-folder.ts'
import { inOneOrder, KV_FILE_UNORDERED } from './body-order.ts'
import { differencesOf } from './compare.ts'
import { differences } from './differences.ts'
import { play } from './play.ts'
import type { Sequence } from './sequence.ts'
import { sequences } from './sequences/index.ts'

describe('the same requests, sent to the Java NameServer and to ours', () => {
  it.each(sequences)('$name: every answer is the same', async (sequence) => {
    const servers = await Promise.all(
      [reference, { kind: 'ours' } as const].map((kind) =>
        startNameServer({ ...kind, ...(sequence.properties && { properties: sequence.properties }) }),
      ),
    )
    const [java, ours] = servers as [NameServer, NameServer]
    const [javaAnswers, ourAnswers] = await Promise.all([
      play(java.port, 'java', sequence),
      play(ours.port, 'ours', sequence),
    ])
    const found = [
      ...differencesOf(sequence, javaAnswers, ourAnswers),
      ...(sequence.kvFile === true ? kvFileDifferences(java, ours) : []),
    ]
    await Promise.all(servers.map(({ program }) => program.kill()))
    expect(found.join('\n\n')).toBe('')
  })
})

describe('the differences on purpose', () => {
  it('are each described in docs/differences.md, and no others are', () => {
    const text = readFileSync(join(projectRoot, 'docs/differences.md'), 'utf8')
    const described = [...text.matchAll(/^\| `([a-z-]+)`/gm)].map(([, id]) => id)
    expect(described.sort()).toEqual(
      [
        ...differences.shownBySequences,
        ...differences.shownByRacesOnly,
        ...differences.shownInOtherModes,
      ].sort(),
    )
  })

  it('are each shown by a sequence, unless it takes a race', () => {
    expect([...shown(sequences)].sort()).toEqual([...differences.shownBySequences].sort())
  })
})

function kvFileDifferences(java: NameServer, ours: NameServer): string[] {
  const [a, b] = [java, ours].map(({ program }) =>
    readFileSync(join(program.home, 'kvConfig.json'), 'latin1'),
  )
  const canonical = (text = ''): string => inOneOrder(text, KV_FILE_UNORDERED)
  return canonical(a) === canonical(b) ? [] : [`the KV files differ\njava    ${a}\nours    ${b}`]
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
