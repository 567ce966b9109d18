import type { AccessPolicies, Policy } from '../../access/policy.ts'
import { profilePolicy } from '../../access/profiles.ts'
import type { AccessState } from '../../inspect/sources.ts'
import { ConfigError } from '../config/config-error.ts'
import { type FileState, fileState } from '../files/file-state.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { provesClients } from '../tls/tls-settings.ts'
import type { LoadedAccessFile } from './load-access-file.ts'

/** How often the files are checked. */
const WATCH_PERIOD_MS = 1_000

/** Why rules for certificates have no effect. */
export const NO_CERTIFICATES =
  'client certificates prove nothing: accessFile has rules for them, which need tls.server.authClient=true, ' +
  'tls.server.trustCertPath, and tls.server.need.client.auth=optional or require, without the TLS test mode'

/** Why there must be a file. */
export const STRICT_NEEDS_FILE =
  'accessProfile=strict needs accessFile: without its rules every request would be rejected'

type Load = (beforeRead: (path: string) => void) => LoadedAccessFile

/**
 * The access policy in effect: that of `accessFile`, otherwise that of `accessProfile`. When the file has changed it is read again,
 * all or nothing: a file that cannot be used changes nothing.
 */
export class AccessPolicy implements AccessPolicies {
  readonly #context: NamesrvContext
  readonly #path: string
  #current: Policy
  readonly #listeners: ((policy: Policy) => void)[] = []
  /** Loaded with the first file, as the reader of YAML is of no use without one. */
  #load: Load | undefined
  #provesClients = false
  #problems: readonly string[] = []
  #secretFiles: readonly string[] = []
  readonly #states = new Map<string, FileState>()
  /** The content of the files at the last attempt to load them, and at the last check. */
  #attempted = ''
  #seen = ''
  #loadedMs = 0
  readonly #reloads = { ok: 0, failed: 0 }
  #endWatch: (() => void) | undefined

  constructor(context: NamesrvContext) {
    const { accessFile, accessProfile } = context.configuration.values
    this.#context = context
    this.#path = accessFile
    this.#current = profilePolicy(accessProfile)
  }

  get current(): Policy {
    return this.#current
  }

  /** What of it metrics and findings show. */
  get state(): AccessState {
    return {
      policy: this.#current,
      file: this.#path === '' ? undefined : this.#path,
      problems: this.#problems,
      loadedMs: this.#loadedMs,
      reloads: this.#reloads,
    }
  }

  onChange(listener: (policy: Policy) => void): void {
    this.#listeners.push(listener)
  }

  /**
   * Reads the file for the first time.
   * @throws {ConfigError} (rejects) It cannot be used; or `accessProfile` is `strict` without a file: every request would be rejected.
   */
  async start(): Promise<void> {
    const { accessProfile, notifyAccessKey } = this.#context.configuration.values
    if (this.#path === '') {
      if (accessProfile === 'strict') throw new ConfigError('ERR_CONFIG_VALUE', STRICT_NEEDS_FILE)
      this.#loadedMs = Date.now()
      this.#describe('access policy in effect')
      return
    }
    const { loadAccessFile } = await import('./load-access-file.ts')
    this.#load = (beforeRead) =>
      loadAccessFile(this.#path, accessProfile, process.env, notifyAccessKey, beforeRead)
    this.#provesClients = provesClients(this.#context.configuration)
    const { policy, problems } = this.#attempt(this.#load)
    if (policy === undefined) {
      throw new ConfigError(
        'ERR_CONFIG_FILE',
        problems.map((problem) => `accessFile: ${problem}`),
      )
    }
    this.#describe('access policy in effect')
    this.#endWatch = this.#context.scheduler.every(WATCH_PERIOD_MS, () => this.#check())
  }

  stop(): void {
    this.#endWatch?.()
  }

  /** Reads the file again, changed or not; does nothing without one. */
  reload(): void {
    if (this.#load === undefined) return
    const { logger, events } = this.#context
    const { policy, problems } = this.#attempt(this.#load)
    const file = this.#path
    if (policy === undefined) {
      this.#reloads.failed++
      const line = 'access file cannot be used; the previous policy stays in effect'
      logger.error({ file, problems }, line)
      events.add('configuration_changed', file, `rejected: ${problems[0]}`)
      return
    }
    this.#reloads.ok++
    this.#describe('access file read again; its policy is in effect')
    const { profile, mode } = policy
    events.add('configuration_changed', file, `access policy in effect: profile ${profile}, mode ${mode}`)
    for (const listener of this.#listeners) listener(policy)
  }

  #attempt(load: Load): LoadedAccessFile {
    const { logger } = this.#context
    this.#attempted = ''
    // Before each file is read, or a change in between would be missed.
    const loaded = load((path) => {
      this.#attempted += this.#content([path])
    })
    const { policy, problems, warnings, secretFiles } = loaded
    this.#secretFiles = secretFiles
    this.#seen = this.#attempted
    this.#problems = problems
    if (policy !== undefined) {
      this.#current = policy
      this.#loadedMs = Date.now()
      for (const warning of warnings) logger.warn({ warning }, 'access file warning')
      if (policy.namesCertificates && !this.#provesClients) logger.warn({ file: this.#path }, NO_CERTIFICATES)
    }
    return loaded
  }

  /** Reads a changed file when it has stayed the same for a period: half a file may be a valid one that says less. */
  #check(): void {
    const content = this.#content([this.#path, ...this.#secretFiles])
    const isSettled = content === this.#seen
    this.#seen = content
    if (isSettled && content !== this.#attempted) this.reload()
  }

  /** Differs if the content of a file does. */
  #content(paths: readonly string[]): string {
    return paths
      .map((path) => {
        const state = fileState(path, this.#states.get(path))
        if (state === undefined) this.#states.delete(path)
        else this.#states.set(path, state)
        return `${path} ${state?.checksum ?? 'missing'}\n`
      })
      .join('')
  }

  #describe(line: string): void {
    const { profile, mode, accounts, openGroups } = this.#current
    const { file } = this.state
    this.#context.logger.info(
      { profile, mode, file, accounts: accounts.size, openGroups: [...openGroups] },
      line,
    )
  }
}
