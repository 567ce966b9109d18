import type { Logger } from 'pino'
import { GroupCommit } from '../kvconfig/group-commit.ts'
import type { ConfigUpdateOutcome, NamesrvConfiguration } from '../processor/namesrv-config.ts'
import type { RateLimit } from './bounds/rate-limit.ts'
import { ConfigError } from './config/config-error.ts'
import { type ConfigState, type UpdatedConfigState, updatedConfigState } from './config/config-update.ts'
import { type Configuration, configFileText } from './config/configuration.ts'
import { type JavaProperty, parseJavaProperties } from './config/java-properties.ts'
import { writeFileAtomically } from './files/atomic-file.ts'
import { cutText } from './log-text.ts'

/** Longest texts and most names of an update that a line of the log quotes; the rest is counted. */
const MAX_QUOTED_LETTERS = 200
const MAX_QUOTED_KEYS = 20

/** Whoever keeps count of updates. */
export interface ConfigUpdateObserver {
  /** One has changed these items. */
  onTaken(peer: string, keys: readonly string[]): void
  /** One was longer than `maxConfigUpdateBytes`. */
  onTooLong(peer: string, reason: string): void
}

/**
 * The configuration of a running server: shown to whoever asks, changed by whoever may, stored before it is in force.
 *
 * An update that is not stored is not carried out, so that the memory and the file never disagree.
 *
 * @see org.apache.rocketmq.remoting.Configuration, which answers success whatever the disk says
 */
export class ConfigUpdates implements NamesrvConfiguration {
  readonly #configuration: Configuration
  readonly #logger: Logger
  readonly #limit: RateLimit
  readonly #observer: ConfigUpdateObserver | undefined
  readonly #changes: GroupCommit<{ state: ConfigState }>

  constructor(
    configuration: Configuration,
    logger: Logger,
    limit: RateLimit,
    observer?: ConfigUpdateObserver,
  ) {
    const { configStorePath, maxWaitingChanges } = configuration.values
    this.#configuration = configuration
    this.#logger = logger
    this.#limit = limit
    this.#observer = observer
    this.#changes = new GroupCommit({
      draft: () => ({ state: configuration.state }),
      commit: ({ state }) =>
        writeFileAtomically(configStorePath, Buffer.from(configFileText(state)), () => {
          configuration.putInForce(state)
        }),
      maxWaiting: maxWaitingChanges,
    })
  }

  items(): readonly string[] {
    return this.#configuration.items()
  }

  async update(properties: Buffer, peer: string): Promise<ConfigUpdateOutcome> {
    const { maxConfigUpdateBytes } = this.#configuration.values
    if (properties.length > maxConfigUpdateBytes) {
      const reason = `the update has ${properties.length} bytes, and maxConfigUpdateBytes allows ${maxConfigUpdateBytes}`
      this.#observer?.onTooLong(peer, reason)
      return this.#refused(peer, { kind: 'refused', reason }, reason)
    }
    const pairs = readable(properties)
    if (pairs === undefined) return this.#refused(peer, { kind: 'malformed' }, 'it is no text of properties')
    const { blackList } = this.#configuration
    const forbidden = [...pairs.keys()].filter((key) => blackList.has(key))
    if (forbidden.length > 0) {
      return this.#refused(peer, { kind: 'black-listed' }, `${forbidden.join(', ')} must not be updated`)
    }
    const texts = [...pairs.values()].map(({ key, value }) => [key, value] as const)
    try {
      const updated = await this.#changes.change((draft) => {
        const next = updatedConfigState(draft.state, texts, { layer: 'update', peer })
        draft.state = next
        return next
      })
      const keys = updated.changes.map(({ key }) => key)
      if (keys.length > 0) this.#observer?.onTaken(peer, keys)
      this.#logTaken(peer, updated)
      return { kind: 'taken' }
    } catch (cause) {
      // Of what is done above only the file system fails with a code of its own.
      if (typeof (cause as NodeJS.ErrnoException).syscall !== 'string') throw cause
      const reason = `the configuration file cannot be written: ${(cause as Error).message}`
      return this.#refused(peer, { kind: 'refused', reason, cause }, reason)
    }
  }

  #refused(peer: string, outcome: ConfigUpdateOutcome, why: string): ConfigUpdateOutcome {
    const level = outcome.kind === 'refused' && outcome.cause !== undefined ? 'error' : 'warn'
    this.#limit.run((suppressed) => {
      this.#logger[level]({ peer, suppressed }, `update of the configuration refused: ${cutText(why)}`)
    }, peer)
    return outcome
  }

  #logTaken(peer: string, { changes, ignored, warnings }: UpdatedConfigState): void {
    const tell = (suppressed: number | undefined): void => {
      const changed = Object.fromEntries(
        changes.map(({ key, from, to }) => [key, `${quoted(from)} -> ${quoted(to)}`]),
      )
      const more = Math.max(0, ignored.length - MAX_QUOTED_KEYS)
      const fields = {
        peer,
        changed,
        ...(ignored.length > 0 && { ignored: ignored.slice(0, MAX_QUOTED_KEYS).map(quoted) }),
        ...(more > 0 && { ignoredMore: more }),
      }
      this.#logger.info({ ...fields, suppressed }, 'configuration updated')
      for (const warning of warnings) {
        this.#logger.warn({ peer }, `stored, but the next start will refuse it: ${quoted(warning)}`)
      }
    }
    this.#limit.run(tell, peer)
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

function quoted(text: string): string {
  return text.length > MAX_QUOTED_LETTERS ? `${text.slice(0, MAX_QUOTED_LETTERS)}…` : text
}
