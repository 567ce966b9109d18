import {
  configurationOf,
  EFFECT_WORDS,
  ignoredKey,
  type ServerConfiguration,
  typedValue,
  updateConfiguration,
  valueProblem,
} from '../../admin/configuration.ts'
import type { NameServer } from '../../admin/name-server.ts'
import type { ServerKey, ShownValue } from '../../admin/server-key.ts'
import { hintFor } from '../../common/nearest-name.ts'
import { checkValue } from '../../namesrv/config/check-value.ts'
import { ConfigError } from '../../namesrv/config/config-error.ts'
import type { ConfigValue } from '../../namesrv/config/config-key.ts'
import { findConfigKey } from '../../namesrv/config/config-keys.ts'
import { changeEach } from '../change-each.ts'
import { CommandError } from '../command-error.ts'
import type { Run } from '../run-command.ts'

/** What becomes of a key. */
interface ChangedKey {
  readonly key: string
  readonly value: NonNullable<ConfigValue>
  /** Null if unknown. */
  readonly previous: ShownValue
  /** `ignored`: the server says that it has changed it, and has another value. */
  readonly result: 'set' | 'unchanged' | 'ignored'
  /** When the value is read; null if unknown. */
  readonly effect: ServerKey['effect']
}

/** `config set KEY=VALUE…` (318): all keys in one request, which ours accepts or rejects as a whole. */
export const run: Run = async ({ values, ...context }) => {
  const wanted = new Map((values['assignment'] as readonly string[]).map(assignment))
  const notes: string[] = []
  const changed = await changeEach(context, ['the configuration'], {
    look: async (server) => {
      const configuration = await configurationOf(server)
      const problems = [...wanted].flatMap(([key, text]) => problemsOf(key, text, configuration, server))
      if (problems.length > 0) throw new CommandError('usage', problems.join('; '))
      return [[...wanted].map(([key, text]) => changeOf(key, text, configuration))]
    },
    describe: (changes) =>
      changes
        .filter(({ result }) => result === 'set')
        .map(({ key, value, previous, effect }) => {
          const before = previous === null ? 'not shown' : JSON.stringify(previous)
          const restart = effect === 'start' ? ', in effect after a restart' : ''
          return `${key}=${JSON.stringify(value)} (was ${before}${restart})`
        }),
    apply: async (server, changes) => {
      const toSet = changes.filter(({ result }) => result === 'set')
      if (toSet.length === 0) return changes
      const remark = await updateConfiguration(
        server,
        toSet.map(({ key, value }) => [key, `${value}`] as const),
      )
      if (remark !== '') notes.push(`${server.address}: ${remark}`)
      const after = await configurationOf(server)
      return changes.map((change) => {
        const now = keyIn(after, change.key)?.value ?? ''
        if (change.result !== 'set' || `${now}` === `${change.value}`) return change
        notes.push(ignoredKey(change.key, server.address, after.keys))
        return { ...change, result: 'ignored' }
      })
    },
  })
  const { items } = changed
  return {
    ...changed,
    notes,
    isNo: items.some(({ result }) => result === 'ignored'),
    view: {
      columns: [
        { head: 'RESULT', cell: ({ result }) => result },
        { head: 'KEY', cell: ({ key }) => key },
        { head: 'VALUE', cell: ({ value }) => value, isWrapped: true },
        { head: 'PREVIOUS', cell: ({ previous }) => previous },
        { head: 'EFFECT', cell: ({ effect }: ChangedKey) => effect && EFFECT_WORDS[effect] },
      ],
    },
    namesrv: 'always',
    name: ({ key }) => key,
  }
}

function assignment(text: string): readonly [key: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw new CommandError('usage', `${JSON.stringify(text)} is not KEY=VALUE`)
  return [text.slice(0, at), text.slice(at + 1)]
}

/** Why ours would reject a value, by the rules of this release. Java's NameServer accepts nearly anything: its response tells. */
function problemsOf(
  name: string,
  text: string,
  configuration: ServerConfiguration,
  { address }: NameServer,
): readonly string[] {
  const problem = valueProblem(name, text)
  const otherwise = problem === undefined ? [] : [problem]
  if (!configuration.isOurs) return otherwise
  const [key, known] = [keyIn(configuration, name), findConfigKey(name)]
  if (key === undefined && (configuration.limitation === undefined || known === undefined)) {
    const names = configuration.keys.map((each) => each.key)
    return [`no key ${JSON.stringify(name)}${hintFor(name, names)}`]
  }
  if (key?.updatable !== true)
    return [
      `${name} cannot be changed while ${address} runs: set it in its configuration file and restart it`,
    ]
  if (known === undefined) return otherwise
  const checked = checkValue(known, { text, source: { layer: 'update', place: address } })
  return checked instanceof ConfigError ? checked.problems : otherwise
}

function changeOf(key: string, text: string, configuration: ServerConfiguration): ChangedKey {
  const { value: previous = null, effect = null } = keyIn(configuration, key) ?? {}
  const value = typedValue(key, text)
  return { key, value, previous, result: previous === value ? 'unchanged' : 'set', effect }
}

function keyIn({ keys }: ServerConfiguration, name: string): ServerKey | undefined {
  return keys.find(({ key }) => key === name)
}
