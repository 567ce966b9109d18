import { GroupCommit } from '../common/group-commit.ts'
import { LimitError } from '../common/limit-error.ts'
import { NotDurableError } from '../common/not-durable-error.ts'
import { shareOfSender } from '../common/shares.ts'
import type {
  ConfigUpdateOutcome,
  NamesrvConfiguration,
  RejectedConfigUpdate,
} from '../processor/namesrv-config.ts'
import { originOf, type RequestContext } from '../protocol/processor.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { checkValue } from './config/check-value.ts'
import { ConfigError } from './config/config-error.ts'
import { type ConfigKey, isUpdatable, type ResolvedKey } from './config/config-key.ts'
import { CONFIG_KEYS, findConfigKey } from './config/config-keys.ts'
import { type JavaProperty, parseJavaProperties } from './config/java-properties.ts'
import { hasContent, recoveryLog, replaceFile } from './files/atomic-file.ts'
import { senderName, senderOf } from './logs/processor-events.ts'
import type { NamesrvContext } from './namesrv-context.ts'

/** Maximum length of a text, and maximum number of keys, that a response and a log line quote. */
const MAX_QUOTED_CHARACTERS = 200
const MAX_QUOTED_KEYS = 20

/** The keys that an update may set. */
export const UPDATABLE_KEYS: readonly string[] = CONFIG_KEYS.filter(isUpdatable).map(({ name }) => name)

/**
 * The configuration of a running server. An update is stored before it takes effect; one that cannot be stored is rejected, so
 * that memory and file never differ. One that is stored but not durable is in effect, and gets an error.
 *
 * Without a configuration file there is nothing that the next start would read: an update lasts until the server stops.
 *
 * @see org.apache.rocketmq.remoting.Configuration, which responds SUCCESS even if the file cannot be written
 */
export class LiveConfiguration implements NamesrvConfiguration {
  readonly #context: NamesrvContext
  readonly #changes: GroupCommit<Map<string, ResolvedKey>>
  readonly #isStored: boolean
  /** Remark that the next start will not read an update; undefined if it will. */
  readonly #remark: string | undefined

  constructor(context: NamesrvContext) {
    const { configuration, logger } = context
    const { configStorePath, maxWaitingChanges } = configuration.values
    this.#context = context
    const layer = configuration.sourceOf('configStorePath')?.layer
    this.#isStored = layer !== 'default'
    if (layer === 'default') {
      this.#remark =
        'in effect until this server stops: it has no configuration file, so the change is not stored'
    } else if (layer !== 'file') {
      this.#remark = `in effect and stored in ${configStorePath}; the next start reads it only with -c ${configStorePath}`
    }
    const watch = recoveryLog('configuration file can be written again', configStorePath, logger)
    this.#changes = new GroupCommit({
      draft: () => new Map(configuration.state),
      commit: async (state) => {
        const onReplaced = (): void => configuration.putIntoEffect(state)
        if (!this.#isStored) return onReplaced()
        const keepsBackup = (old: Buffer): boolean => hasContent(old) && readable(old) !== undefined
        const content = Buffer.from(configuration.fileText(state))
        await watch(replaceFile(configStorePath, content, { keepsBackup, onReplaced }))
      },
      maxWaiting: maxWaitingChanges,
    })
  }

  items(): readonly string[] {
    return this.#context.configuration.storedLines()
  }

  async update(properties: Buffer, sender: RequestContext): Promise<ConfigUpdateOutcome> {
    const { configuration, throttle } = this.#context
    const { maxConfigUpdateBytes } = configuration.values
    if (properties.length > maxConfigUpdateBytes) {
      const reason = `update of ${properties.length} bytes exceeds maxConfigUpdateBytes (${maxConfigUpdateBytes})`
      throw new LimitError('maxConfigUpdateBytes', reason)
    }
    const update = readUpdate(properties, senderName(sender), configuration.blackList)
    if (!Array.isArray(update)) return this.#rejected(sender, update)
    let changed: [string, string][] = []
    try {
      await this.#changes.change((state) => {
        changed = applyUpdate(state, update)
      }, shareOfSender(sender))
      this.#countChange(sender, changed)
      const fields = { ...senderOf(sender), changed: Object.fromEntries(changed), stored: this.#isStored }
      throttle.log('info', 'configuration updated', fields)
      return { kind: 'taken', remark: this.#remark }
    } catch (cause) {
      if (cause instanceof NotDurableError) {
        this.#countChange(sender, changed)
        return this.#rejected(sender, { kind: 'rejected', reason: cause.message, cause })
      }
      // Of the steps above only the file system's errors name a system call.
      if (typeof (cause as NodeJS.ErrnoException).syscall !== 'string') throw cause
      const problem = `the configuration file cannot be written: ${(cause as Error).message}`
      const reason = `${problem}; nothing was changed: set the key in the file and restart, or let the server write there`
      return this.#rejected(sender, { kind: 'rejected', reason, cause })
    }
  }

  #countChange(sender: RequestContext, changed: readonly [string, string][]): void {
    if (changed.length === 0) return
    const { audit, counters, events } = this.#context
    audit.write({ ...auditEntry(sender), result: 'done', over: { keys: Object.fromEntries(changed) } })
    counters.configurationUpdates++
    const address = sender.channel.remoteAddress
    events.add('configuration_changed', senderName(sender), changed.map(([key]) => key).join(', '), {
      address,
    })
  }

  #rejected(sender: RequestContext, outcome: RejectedConfigUpdate): RejectedConfigUpdate {
    const { kind, reason, cause } = outcome
    const { audit, throttle } = this.#context
    if (!(cause instanceof NotDurableError))
      audit.write({ ...auditEntry(sender), result: 'rejected', rule: kind, reason })
    const fields = { ...senderOf(sender), reason }
    if (cause === undefined) throttle.log('warn', 'configuration update rejected', fields)
    else if (cause instanceof NotDurableError)
      throttle.log('error', 'configuration update applied but not durable', fields)
    else throttle.log('error', 'configuration update not stored', fields)
    return outcome
  }
}

/** What each line of the audit log says of an update. */
function auditEntry(sender: RequestContext) {
  const by = originOf(RequestCode.UPDATE_NAMESRV_CONFIG, sender)
  return { event: 'configuration_changed', by } as const
}

/**
 * The values that an update gives to {@link UPDATABLE_KEYS}, or why it is rejected whole.
 * @param by - The sender, in words.
 */
function readUpdate(
  properties: Buffer,
  by: string,
  blackList: ReadonlySet<string>,
): ResolvedKey[] | RejectedConfigUpdate {
  const pairs = readable(properties)
  if (pairs === undefined) return { kind: 'malformed', reason: 'not the text of a .properties file' }
  const listed = [...pairs.keys()].filter((key) => blackList.has(key))
  if (listed.length > 0) return { kind: 'black-listed', reason: `${quoted(listed)} must not be updated` }
  const forbidden = [...pairs.keys()].filter((key) => !UPDATABLE_KEYS.includes(key))
  if (forbidden.length > 0) {
    const reason =
      `cannot update ${quoted(forbidden)}: only ${UPDATABLE_KEYS.join(', ')} can be updated while the server runs; ` +
      'set other keys in the configuration file and restart'
    return { kind: 'forbidden', reason }
  }
  const update: ResolvedKey[] = []
  const problems: string[] = []
  for (const { key: name, value: text } of pairs.values()) {
    const key = findConfigKey(name) as ConfigKey
    const source = { layer: 'update', place: `update by ${by}` } as const
    const checked = checkValue(key, { text, source })
    if (checked instanceof ConfigError) problems.push(...checked.problems.map(shortened))
    else update.push({ key, value: checked.value, source })
  }
  return problems.length === 0 ? update : { kind: 'rejected', reason: problems.join('; ') }
}

/**
 * Changes the values of a state. @returns The keys that have another value now, each with both values.
 * @see org.apache.rocketmq.remoting.Configuration#update
 */
function applyUpdate(state: Map<string, ResolvedKey>, update: readonly ResolvedKey[]): [string, string][] {
  const changed: [string, string][] = []
  for (const resolved of update) {
    const { key, value } = resolved
    const before = state.get(key.name)?.value
    if (value === before) continue
    state.set(key.name, resolved)
    changed.push([key.name, `${before} -> ${value}`])
  }
  return changed
}

/** Java decodes the bytes as UTF-8 and parses the text's bytes as ISO-8859-1; undefined if that fails. */
function readable(properties: Buffer): Map<string, JavaProperty> | undefined {
  try {
    return parseJavaProperties(Buffer.from(properties.toString()))
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

/** Keys that a peer sent, for a text of one line. */
function quoted(keys: readonly string[]): string {
  const names = keys.slice(0, MAX_QUOTED_KEYS).map((key) => shortened(JSON.stringify(key)))
  const more = keys.length - names.length
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** The middle is left out: the reason is at the end. */
function shortened(text: string): string {
  const half = MAX_QUOTED_CHARACTERS / 2
  return text.length > MAX_QUOTED_CHARACTERS ? `${text.slice(0, half)}…${text.slice(-half)}` : text
}
