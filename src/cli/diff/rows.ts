import type { Difference } from '../../inspect/compare/differences.ts'

/** Max rows, and lines of advice, that people are shown. */
export const MAX_ROWS = 50

/** Differences for people: topics that differ in the same way, on the same brokers, share a row. */
export function rowsOf(differences: readonly Difference[]): Difference[] {
  const rows = new Map<string, Difference[]>()
  for (const difference of differences) {
    const { kind, subject, topic, brokers, values } = difference
    const key = JSON.stringify([
      kind,
      brokers,
      values.map((value) => value ?? null),
      topic === null && subject,
    ])
    const row = rows.get(key)
    if (row === undefined) rows.set(key, [difference])
    else row.push(difference)
  }
  return [...rows.values()].map((row) => {
    const [first] = row as [Difference]
    return row.length === 1 ? first : { ...first, subject: sharedSubject(first, row.length) }
  })
}

function sharedSubject({ kind, topic, brokers }: Difference, count: number): string {
  const on = kind === 'topic_missing' ? '' : ` on ${brokers.join(', ')}`
  return `${count} topics${on}, such as ${topic}`
}
