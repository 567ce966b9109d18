import { checkValue, withinRange } from './check-value.ts'
import { type ConfigEntry, HIDDEN, isField } from './config-entry.ts'
import { ConfigError } from './config-error.ts'
import { findConfigKey } from './config-keys.ts'
import { type ConfigSource, describeSource } from './config-source.ts'
import { assignJavaStyle } from './java-conversion.ts'

/** What an update works on: the value of every key, and the other pairs of the configuration file as they stand there. */
export interface ConfigState {
  readonly entries: ReadonlyMap<string, ConfigEntry>
  readonly extras: ReadonlyMap<string, string>
}

/** An item that an update gives another text; secrets are hidden. */
export interface ConfigChange {
  readonly key: string
  readonly from: string
  readonly to: string
}

/** What an update comes to. */
export interface UpdatedConfigState extends ConfigState {
  readonly changes: readonly ConfigChange[]
  /** Keys that were named in vain: of no item, or with a number that is none. */
  readonly ignored: readonly string[]
  /** Sentences about texts that are stored and that the next start will refuse. */
  readonly warnings: readonly string[]
}

/**
 * Lays the pairs of an update over what is in force: a field of NamesrvConfig or NettyServerConfig takes what Java's field
 * would take, another pair of the file takes any text, and all other keys are dropped.
 *
 * @see org.apache.rocketmq.remoting.Configuration#update
 */
export function updatedConfigState(
  { entries, extras }: ConfigState,
  pairs: Iterable<readonly [key: string, text: string]>,
  source: ConfigSource,
): UpdatedConfigState {
  const next = { entries: new Map(entries), extras: new Map(extras) }
  const changes: ConfigChange[] = []
  const ignored: string[] = []
  const warnings: string[] = []
  for (const [key, text] of pairs) {
    const entry = entries.get(key)
    const from = isField(entry?.row) ? entry?.text : extras.get(key)
    const row = findConfigKey(key)
    const to = entry !== undefined && isField(entry.row) ? assigned(entry, text) : { text, value: text }
    // Shown hidden, a secret may come back so from those who read all items and send them again.
    if (from === undefined || to === undefined || (row?.secret === true && text === HIDDEN)) {
      ignored.push(key)
      continue
    }
    if (to.text === from) continue
    if (entry !== undefined && isField(entry.row)) next.entries.set(key, { row: entry.row, ...to, source })
    else next.extras.set(key, to.text)
    const hidden = row?.secret === true
    changes.push({ key, from: hidden ? HIDDEN : from, to: hidden ? HIDDEN : to.text })
    warnings.push(...refusalAtStart(key, to.text, source))
  }
  return { ...next, changes, ignored, warnings }
}

function assigned({ row }: ConfigEntry, text: string): ReturnType<typeof assignJavaStyle> {
  const taken = assignJavaStyle(row.type, text)
  return taken === undefined ? undefined : withinRange(row, taken)
}

function refusalAtStart(key: string, text: string, source: ConfigSource): string[] {
  const row = findConfigKey(key)
  if (row === undefined) return []
  try {
    checkValue(row, { text, source })
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [error.message.slice(describeSource(source).length + 2)]
  }
}
