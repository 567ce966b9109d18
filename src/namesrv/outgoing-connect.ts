import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import { connect as connectPlain, type LookupFunction } from 'node:net'
import type { NamesrvLogger } from '../common/logger.ts'
import type { Connect } from '../remoting/client/outgoing-connection.ts'
import type { Configuration } from './config/configuration.ts'

/** Maximum number of host names that are looked up at a time. */
const MAX_LOOKUPS = 16

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/**
 * Looks up host names, few at a time and each once at a time.
 *
 * A lookup occupies a thread until the system's resolver times out, even if its caller gave up, and libuv has two threads for
 * lookups. So a resolver that hangs must not be called again and again: later lookups would wait behind abandoned ones.
 */
export class NameLookup {
  readonly #lookup: LookupFunction
  /** The callers that wait for each lookup under way. */
  readonly #waiting = new Map<string, LookupCallback[]>()

  constructor(lookup: LookupFunction = systemLookup as LookupFunction) {
    this.#lookup = lookup
  }

  /** The `lookup` option of a socket. A caller with a timeout destroys its socket; a later result has no effect. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    const { all, family, hints }: LookupOptions = options
    const key = JSON.stringify([hostname, all, family, hints])
    const others = this.#waiting.get(key)
    if (others !== undefined) {
      others.push(callback)
      return
    }
    if (this.#waiting.size >= MAX_LOOKUPS) {
      const usage = `${this.#waiting.size} name lookups in progress (maximum ${MAX_LOOKUPS})`
      process.nextTick(callback, new Error(`${hostname} not looked up: ${usage}; check the resolver`), '')
      return
    }
    const waiting = [callback]
    this.#waiting.set(key, waiting)
    this.#lookup(hostname, options, (...result: Parameters<LookupCallback>) => {
      this.#waiting.delete(key)
      for (const waiter of waiting) waiter(...result)
    })
  }
}

/** One for the process, because its threads are what is limited. */
export const nameLookup = new NameLookup()

/** Opens connections in plaintext. */
export const plainConnect: Connect = (address, onReady) =>
  connectPlain({ ...address, noDelay: true, lookup: nameLookup.lookup }, onReady)

/**
 * Returns how this server opens connections: in plaintext, or with `useTLS` over TLS. Certificate files are read for each
 * connection, so that new ones take effect with the next connection.
 *
 * @throws {ConfigError} (rejects) Invalid protocols or ciphers.
 * @throws {TlsContextError} (rejects) Unusable files.
 */
export async function outgoingConnect(configuration: Configuration, logger: NamesrvLogger): Promise<Connect> {
  if (!configuration.values.useTLS) return plainConnect
  // Loaded only if needed: it slows down the start.
  const [tls, { clientTlsOptions }, { privateKeyReader }] = await Promise.all([
    import('node:tls'),
    import('./tls/tls-contexts.ts'),
    import('./tls/private-key.ts'),
  ])
  const readKey = privateKeyReader()
  const weakness = clientTlsOptions(configuration, readKey).weakness
  if (weakness !== undefined) logger.warn({ weakness }, 'weak certificate in tls.client.certPath; replace it')
  const { lookup } = nameLookup
  return (address, onReady) => {
    const { options } = clientTlsOptions(configuration, readKey)
    const socket = tls.connect({ ...address, ...options, lookup }, onReady)
    return socket.setNoDelay(true)
  }
}
