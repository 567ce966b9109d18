import { hintFor } from '../../common/nearest-name.ts'
import { configurationOf, EFFECT_WORDS } from '../client/configuration.ts'
import { CommandError } from '../command-error.ts'
import type { Run } from '../run-command.ts'

/** `config get [KEY…] [--updatable]`. */
export const run: Run = async ({ values, askEach }) => {
  const wanted = (values['key'] ?? []) as readonly string[]
  const notes: string[] = []
  let isIncomplete = false
  const { items, failures } = await askEach(async (server) => {
    const { keys, limitation } = await configurationOf(server)
    const found = keys.filter(
      ({ key, updatable }) =>
        (wanted.length === 0 || wanted.includes(key)) &&
        (values['updatable'] !== true || updatable !== false),
    )
    const missing = wanted.filter((name) => !keys.some(({ key }) => key === name))
    const names = keys.map(({ key }) => key)
    const problems = missing.map((name) => `no key ${JSON.stringify(name)}${hintFor(name, names)}`)
    if (missing.length > 0 && missing.length === wanted.length)
      throw new CommandError('not_found', problems.join('; '))
    isIncomplete ||= missing.length > 0
    notes.push(...problems.map((problem) => `${server.address}: ${problem}`))
    if (limitation !== undefined) notes.push(limitation)
    return found
  })
  return {
    items,
    failures,
    notes,
    isNo: isIncomplete,
    view: {
      columns: [
        { head: 'KEY', cell: ({ key }) => key },
        { head: 'VALUE', cell: ({ value }) => value, isWrapped: true },
        { head: 'SOURCE', cell: ({ source }) => source?.layer },
        { head: 'PLACE', cell: ({ source }) => source?.place, isWide: true },
        { head: 'DEFAULT', cell: (item) => item.default, isWide: true },
        { head: 'UNIT', cell: ({ unit }) => unit, isWide: true },
        {
          head: 'EFFECT',
          cell: ({ effect }: { effect: keyof typeof EFFECT_WORDS | null }) => effect && EFFECT_WORDS[effect],
          isWide: true,
        },
      ],
    },
    name: ({ key }) => key,
  }
}
