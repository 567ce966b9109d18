import { describeErrno } from '../common/describe-errno.ts'
import { ConfigError } from './config/config-error.ts'
import { readRegularFile } from './config/read-file.ts'
import { type FileState, fileState } from './files/file-state.ts'
import type { NamesrvContext } from './namesrv-context.ts'

/** How often the file is checked. */
const WATCH_PERIOD_MS = 1_000
const MAX_FILE_BYTES = 4_096
/** Permission of all users to read. */
const READABLE_BY_ALL = 0o004

/** The token of `httpTokenFile`, and a new one when the file has changed. */
export class HttpToken {
  readonly #context: NamesrvContext
  readonly #path: string
  #value: string | undefined
  #state: FileState | undefined
  #endWatch: (() => void) | undefined

  /** @throws {ConfigError} The file cannot be used. */
  constructor(context: NamesrvContext) {
    this.#context = context
    this.#path = context.configuration.values.httpTokenFile
    if (this.#path === '') return
    this.#state = fileState(this.#path)
    this.#value = this.#warned(readHttpToken(this.#path))
  }

  /** Undefined if none is required. */
  get value(): string | undefined {
    return this.#value
  }

  start(): void {
    if (this.#path === '') return
    this.#endWatch = this.#context.scheduler.every(WATCH_PERIOD_MS, () => this.#check())
  }

  stop(): void {
    this.#endWatch?.()
  }

  #check(): void {
    const state = fileState(this.#path, this.#state)
    // A file that is being replaced may be missing for a moment.
    if (state === undefined || state === this.#state) return
    const isSame = state.checksum === this.#state?.checksum
    this.#state = state
    if (isSame) return
    const { logger } = this.#context
    const path = this.#path
    try {
      this.#value = this.#warned(readToken(path))
      logger.info({ path }, 'httpTokenFile changed; the new token is in effect')
    } catch (error) {
      const fields = { path, error: describeErrno(error) }
      logger.error(fields, 'httpTokenFile changed and cannot be used; the previous token stays in effect')
    }
  }

  #warned({ token, isExposed }: ReadToken): string {
    if (isExposed) this.#context.logger.warn({ path: this.#path }, EXPOSED)
    return token
  }
}

const EXPOSED = 'httpTokenFile is readable by all users; restrict its permissions'

interface ReadToken {
  readonly token: string
  /** Whether all users can read the file. */
  readonly isExposed: boolean
}

/** Reads the token of `httpTokenFile`. @throws {ConfigError} The file cannot be used. */
export function readHttpToken(path: string): ReadToken {
  try {
    return readToken(path)
  } catch (error) {
    const message = `httpTokenFile=${JSON.stringify(path)} cannot be used: ${describeErrno(error)}`
    throw new ConfigError('ERR_CONFIG_FILE', message, { cause: error })
  }
}

function readToken(path: string): ReadToken {
  const { bytes, stats } = readRegularFile(path, ({ size }) => {
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_FILE_BYTES}`)
  })
  const token = bytes.toString().trim()
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new Error('it must have one line of ASCII characters without spaces')
  return { token, isExposed: (stats.mode & READABLE_BY_ALL) !== 0 }
}
