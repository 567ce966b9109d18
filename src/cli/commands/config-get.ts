import { configurationOf, EFFECT_WORDS } from '../../admin/configuration.ts'
import { hintFor } from '../../common/nearest-name.ts'
import { foundOrFailed } from '../client/each-name.ts'
import { CommandError } from '../command-error.ts'
import type { Failure } from '../output/report.ts'
import type { Run } from '../run-command.ts'

/** `config get [KEY…] [--updatable]`. */
export const run: Run = async ({ values, servers, askEach }) => {
  const wanted = (values['key'] ?? []) as readonly string[]
  const notes: string[] = []
  const missing: Failure[] = []
  const asked = await askEach(async (server) => {
    const { keys, limitation } = await configurationOf(server)
    const found = keys.filter(
      ({ key, updatable }) =>
        (wanted.length === 0 || wanted.includes(key)) &&
        (values['updatable'] !== true || updatable !== false),
    )
    const names = keys.map(({ key }) => key)
    for (const name of wanted.filter((each) => !names.includes(each))) {
      const problem = `no key ${JSON.stringify(name)} on ${server.address}${hintFor(name, names)}`
      missing.push({ namesrv: server.address, error: new CommandError('not_found', problem) })
    }
    if (limitation !== undefined) notes.push(limitation)
    return found
  })
  return {
    ...foundOrFailed(asked.items, [...asked.failures, ...missing], servers),
    none: 'no such keys',
    notes,
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
