import { firstLine } from '../../common/describe-errno.ts'
import { hintFor } from '../../common/nearest-name.ts'
import { propertiesText } from '../../namesrv/config/java-properties.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { changeEach } from '../change-each.ts'
import {
  configurationOf,
  EFFECT_WORDS,
  isSameValue,
  type ServerConfiguration,
  type ServerKey,
} from '../client/configuration.ts'
import { type NameServer, responseError } from '../client/name-server.ts'
import { CommandError } from '../command-error.ts'
import type { Run } from '../run-command.ts'

/** What becomes of a key. */
interface ChangedKey {
  readonly key: string
  readonly value: string
  readonly previous: string | null
  /** `ignored`: the server says that it has changed it, and has another value. */
  readonly result: 'set' | 'unchanged' | 'ignored'
  /** When the value is read; null if unknown. */
  readonly effect: ServerKey['effect']
}

/** `config set KEY=VALUE…` (318): all keys in one request, which ours accepts or rejects as a whole. */
export const run: Run = async ({ values, ...context }) => {
  const wanted = new Map((values['assignment'] as readonly string[]).map(assignment))
  const notes: string[] = []
  const changed = await changeEach(context, {
    look: async (server) => {
      const configuration = await configurationOf(server)
      for (const key of wanted.keys()) checkKey(key, configuration, server)
      return [...wanted].map(([key, value]) => changeOf(key, value, configuration))
    },
    describe: (changes) =>
      changes
        .filter(({ result }) => result === 'set')
        .map(({ key, value, previous, effect }) => {
          const restart = effect === 'start' ? ', in effect after a restart' : ''
          return `${key}=${value} (was ${previous ?? 'not shown'}${restart})`
        }),
    apply: async (server, changes) => {
      const toSet = changes.filter(({ result }) => result === 'set')
      if (toSet.length === 0) return changes
      const text = propertiesText(toSet.map(({ key, value }) => [key, value] as const))
      const response = await server.invoke(RequestCode.UPDATE_NAMESRV_CONFIG, {}, Buffer.from(text))
      if (response.code !== ResponseCode.SUCCESS) throw responseError(response)
      const remark = firstLine(response.remark ?? '')
      if (remark !== '') notes.push(`${server.address}: ${remark}`)
      const after = await configurationOf(server)
      return changes.map((change) => {
        const now = textOf(after, change.key)
        const isIgnored = change.result === 'set' && !isSameValue(now ?? '', change.value)
        return isIgnored ? { ...change, result: 'ignored' } : change
      })
    },
  })
  const { items } = changed
  for (const { namesrv, key, result } of items)
    if (result === 'ignored')
      notes.push(`${namesrv} accepted ${key} and did not change it: it has no such key, or rejects the value`)
  return {
    ...changed,
    notes,
    isNo: items.some(({ result }) => result === 'ignored'),
    view: {
      columns: [
        { head: 'RESULT', cell: ({ result }) => result },
        { head: 'KEY', cell: ({ key }) => key },
        { head: 'VALUE', cell: ({ value }) => value },
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

/** Java's NameServer says nothing about keys that it does not show: its response to the change does. @throws {CommandError} */
function checkKey(name: string, { keys, limitation }: ServerConfiguration, { address }: NameServer): void {
  if (limitation !== undefined) return
  const key = keys.find((each) => each.key === name)
  if (key === undefined) {
    const hint = hintFor(
      name,
      keys.map((each) => each.key),
    )
    throw new CommandError('not_found', `no key ${JSON.stringify(name)}${hint}`)
  }
  if (key.updatable === false) {
    const why = `${name} cannot be changed while ${address} runs: set it in its configuration file and restart it`
    throw new CommandError('failed', why)
  }
}

function changeOf(key: string, value: string, configuration: ServerConfiguration): ChangedKey {
  const previous = textOf(configuration, key)
  const effect = configuration.keys.find((each) => each.key === key)?.effect ?? null
  return { key, value, previous, result: previous === value ? 'unchanged' : 'set', effect }
}

function textOf({ keys }: ServerConfiguration, name: string): string | null {
  const value = keys.find(({ key }) => key === name)?.value ?? null
  return value === null ? null : `${value}`
}
