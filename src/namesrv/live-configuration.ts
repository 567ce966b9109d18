import { GroupCommit } from '../common/group-commit.ts'
import { LimitError } from '../common/limit-error.ts'
import type { ConfigUpdateOutcome, NamesrvConfiguration } from '../processor/namesrv-config.ts'
import {
  type ConfigChange,
  type ConfigState,
  forbiddenKeys,
  readUpdate,
  UPDATABLE_KEYS,
  updatedConfigState,
} from './config/apply-update.ts'
import { ConfigError } from './config/config-error.ts'
import { configFileText } from './config/configuration.ts'
import { type JavaProperty, parseJavaProperties } from './config/java-properties.ts'
import { hasContent, writeFileAtomically } from './files/atomic-file.ts'
import { WriteRecovery } from './files/write-recovery.ts'
import type { NamesrvContext } from './namesrv-context.ts'

/** Maximum length of a text, and maximum number of keys, that a response and a log line quote. */
const MAX_QUOTED_CHARACTERS = 200
const MAX_QUOTED_KEYS = 20

/**
 * The configuration of a running server. An update is stored before it takes effect; one that cannot be stored is rejected, so
 * that memory and file never differ.
 *
 * Without a configuration file there is nothing that the next start would read: an update lasts until the server stops.
 *
 * @see org.apache.rocketmq.remoting.Configuration, which responds SUCCESS even if the file cannot be written
 */
export class LiveConfiguration implements NamesrvConfiguration {
  readonly #context: NamesrvContext
  readonly #changes: GroupCommit<{ state: ConfigState }>
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
        'in effect until this server stops: it was started without -c, so the change is not stored'
    } else if (layer !== 'file') {
      this.#remark = `in effect and stored in ${configStorePath}; the next start reads it only with -c ${configStorePath}`
    }
    const recovery = new WriteRecovery('configuration file', configStorePath, logger)
    this.#changes = new GroupCommit({
      draft: () => ({ state: configuration.state }),
      commit: async ({ state }) => {
        if (!this.#isStored) {
          configuration.putIntoEffect(state)
          return
        }
        await recovery.watch(
          writeFileAtomically(
            configStorePath,
            Buffer.from(configFileText(state)),
            () => configuration.putIntoEffect(state),
            undefined,
            (old) => hasContent(old) && readable(old) !== undefined,
          ),
        )
      },
      maxWaiting: maxWaitingChanges,
    })
  }

  items(): readonly string[] {
    return this.#context.configuration.storedLines()
  }

  async update(properties: Buffer, peer: string): Promise<ConfigUpdateOutcome> {
    const { configuration, counters, events } = this.#context
    const { maxConfigUpdateBytes } = configuration.values
    if (properties.length > maxConfigUpdateBytes) {
      const reason = `update of ${properties.length} bytes exceeds maxConfigUpdateBytes (${maxConfigUpdateBytes})`
      throw new LimitError('maxConfigUpdateBytes', reason)
    }
    const pairs = readable(properties)
    if (pairs === undefined) {
      return this.#rejected(peer, { kind: 'malformed' }, 'not the text of a .properties file')
    }
    const listed = [...pairs.keys()].filter((key) => configuration.blackList.has(key))
    if (listed.length > 0) {
      return this.#rejected(peer, { kind: 'black-listed' }, `${quoted(listed)} must not be updated`)
    }
    const forbidden = forbiddenKeys(pairs.keys())
    if (forbidden.length > 0) {
      const reason =
        `cannot update ${quoted(forbidden)}: only ${UPDATABLE_KEYS.join(', ')} can be updated while the server runs; ` +
        'set other keys in the configuration file and restart'
      return this.#rejected(peer, { kind: 'forbidden', reason }, reason)
    }
    try {
      const update = readUpdate(pairs.values(), { layer: 'update', peer })
      const { changes } = await this.#changes.change((draft) => {
        const next = updatedConfigState(draft.state, update)
        draft.state = next
        return next
      })
      if (changes.length > 0) {
        counters.configurationUpdates++
        events.add('configuration changed', peer, changes.map(({ key }) => key).join(', '))
      }
      this.#logUpdated(peer, changes)
      return { kind: 'taken', remark: this.#remark }
    } catch (cause) {
      if (cause instanceof ConfigError) {
        const reason = cause.problems.map(shortened).join('; ')
        return this.#rejected(peer, { kind: 'rejected', reason }, reason)
      }
      // Of the steps above only the file system's errors name a system call.
      if (typeof (cause as NodeJS.ErrnoException).syscall !== 'string') throw cause
      const reason = `the configuration file cannot be written: ${(cause as Error).message}`
      return this.#rejected(peer, { kind: 'rejected', reason, cause }, reason)
    }
  }

  #rejected(peer: string, outcome: ConfigUpdateOutcome, why: string): ConfigUpdateOutcome {
    const isStoreFailure = outcome.kind === 'rejected' && outcome.cause !== undefined
    const level = isStoreFailure ? 'error' : 'warn'
    const line = `configuration update ${isStoreFailure ? 'not stored' : 'rejected'}`
    this.#context.throttle.log(level, line, { peer, reason: why })
    return outcome
  }

  #logUpdated(peer: string, changes: readonly ConfigChange[]): void {
    const changed = Object.fromEntries(changes.map(({ key, from, to }) => [key, `${from} -> ${to}`]))
    this.#context.throttle.log('info', 'configuration updated', { peer, changed, stored: this.#isStored })
  }
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
