import type { Logger } from 'pino'
import { GroupCommit } from '../common/group-commit.ts'
import { cutText } from '../common/log-text.ts'
import type { LogThrottle } from '../common/log-throttle.ts'
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
import { type Configuration, configFileText } from './config/configuration.ts'
import { type JavaProperty, parseJavaProperties } from './config/java-properties.ts'
import { writeFileAtomically } from './files/atomic-file.ts'
import { hasContent } from './files/backup.ts'
import { WriteRecovery } from './files/write-recovery.ts'

/** Longest text and most names of an update that a response and a line of the log quote. */
const MAX_QUOTED_LETTERS = 200
const MAX_QUOTED_KEYS = 20

/** Whoever keeps count of updates. */
export interface ConfigUpdateObserver {
  /** One has changed these items. */
  onTaken(peer: string, keys: readonly string[]): void
  /** One was rejected because it is longer than `maxConfigUpdateBytes`. */
  onTooLong(peer: string, reason: string): void
}

/**
 * The configuration of a running server. An update is stored before it takes effect; one that cannot be stored is rejected,
 * so that the memory and the file never disagree.
 *
 * Without a configuration file there is nothing that the next start would read: an update lasts until the server stops.
 *
 * @see org.apache.rocketmq.remoting.Configuration, which answers success whatever the disk says
 */
export class ConfigUpdates implements NamesrvConfiguration {
  readonly #configuration: Configuration
  readonly #logger: Logger
  readonly #throttle: Pick<LogThrottle, 'limit'>
  readonly #observer: ConfigUpdateObserver | undefined
  readonly #changes: GroupCommit<{ state: ConfigState }>
  /** What a sender should know about an update that the next start does not read; undefined if it does. */
  readonly #remark: string | undefined

  constructor(
    configuration: Configuration,
    logger: Logger,
    throttle: Pick<LogThrottle, 'limit'>,
    observer?: ConfigUpdateObserver,
  ) {
    const { configStorePath, maxWaitingChanges } = configuration.values
    this.#configuration = configuration
    this.#logger = logger
    this.#throttle = throttle
    this.#observer = observer
    const layer = configuration.sourceOf('configStorePath')?.layer
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
        if (layer === 'default') {
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
    return this.#configuration.storedLines()
  }

  async update(properties: Buffer, peer: string): Promise<ConfigUpdateOutcome> {
    const { maxConfigUpdateBytes } = this.#configuration.values
    if (properties.length > maxConfigUpdateBytes) {
      const reason = `the update has ${properties.length} bytes, and maxConfigUpdateBytes allows ${maxConfigUpdateBytes}`
      this.#observer?.onTooLong(peer, reason)
      return { kind: 'rejected', reason }
    }
    const pairs = readable(properties)
    if (pairs === undefined) {
      return this.#refused(peer, { kind: 'malformed' }, 'it is not the text of a .properties file')
    }
    const { blackList } = this.#configuration
    const listed = [...pairs.keys()].filter((key) => blackList.has(key))
    if (listed.length > 0) {
      return this.#refused(peer, { kind: 'black-listed' }, `${quoted(listed)} must not be updated`)
    }
    const forbidden = forbiddenKeys(pairs.keys())
    if (forbidden.length > 0) {
      const reason =
        `cannot update ${quoted(forbidden)}: only ${UPDATABLE_KEYS.join(', ')} can be updated while the server runs; ` +
        'set other keys in the configuration file and restart'
      return this.#refused(peer, { kind: 'forbidden', reason }, reason)
    }
    try {
      const update = readUpdate(pairs.values(), { layer: 'update', peer })
      const { changes } = await this.#changes.change((draft) => {
        const next = updatedConfigState(draft.state, update)
        draft.state = next
        return next
      })
      const keys = changes.map(({ key }) => key)
      if (keys.length > 0) this.#observer?.onTaken(peer, keys)
      this.#logTaken(peer, changes)
      return { kind: 'taken', remark: this.#remark }
    } catch (cause) {
      if (cause instanceof ConfigError) {
        const reason = cause.problems.map(shortened).join('; ')
        return this.#refused(peer, { kind: 'rejected', reason }, reason)
      }
      // Of what is done above only the file system fails with a code of its own.
      if (typeof (cause as NodeJS.ErrnoException).syscall !== 'string') throw cause
      const reason = `the configuration file cannot be written: ${(cause as Error).message}`
      return this.#refused(peer, { kind: 'rejected', reason, cause }, reason)
    }
  }

  #refused(peer: string, outcome: ConfigUpdateOutcome, why: string): ConfigUpdateOutcome {
    const isStoreFailure = outcome.kind === 'rejected' && outcome.cause !== undefined
    const level = isStoreFailure ? 'error' : 'warn'
    const line = `update of the configuration ${isStoreFailure ? 'not stored' : 'rejected'}`
    this.#throttle.limit(level, line).run((suppressed) => {
      this.#logger[level]({ peer, suppressed }, `${line}: ${cutText(why)}`)
    }, peer)
    return outcome
  }

  #logTaken(peer: string, changes: readonly ConfigChange[]): void {
    const stored = this.#configuration.sourceOf('configStorePath')?.layer !== 'default'
    const line = 'configuration updated'
    this.#throttle.limit('info', line).run((suppressed) => {
      const changed = Object.fromEntries(changes.map(({ key, from, to }) => [key, `${from} -> ${to}`]))
      this.#logger.info({ peer, changed, stored, suppressed }, line)
    }, peer)
  }
}

/** Java takes the bytes for UTF-8 and then the bytes of that text for ISO-8859-1; undefined if it cannot be read. */
function readable(properties: Buffer): Map<string, JavaProperty> | undefined {
  try {
    return parseJavaProperties(Buffer.from(properties.toString()))
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

/** Names that a peer has sent, for a text of one line. */
function quoted(keys: readonly string[]): string {
  const names = keys.slice(0, MAX_QUOTED_KEYS).map((key) => shortened(JSON.stringify(key)))
  const more = keys.length - names.length
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** The middle is left out: the reason stands at the end. */
function shortened(text: string): string {
  const half = MAX_QUOTED_LETTERS / 2
  return text.length > MAX_QUOTED_LETTERS ? `${text.slice(0, half)}…${text.slice(-half)}` : text
}
