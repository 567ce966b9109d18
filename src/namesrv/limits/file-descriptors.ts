import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { devNull } from 'node:os'
import type { NamesrvConfig } from '../config/config-keys.ts'
import type { NamesrvContext } from '../namesrv-context.ts'

/** Descriptors reserved for files: the KV file, certificates and so on. */
const RESERVED = 32
/** Max share of the limit for outgoing connections, and for those of the HTTP server. */
const OWN_PART = 1 / 8
const CHECK_INTERVAL_MS = 10_000

/** Max connections by direction. */
export interface DescriptorShares {
  /** Connections of clients and brokers. */
  readonly accepted: number
  /** Outgoing connections. */
  readonly own: number
  /** Connections of the HTTP server. */
  readonly http: number
  /** The open-file limit. */
  readonly limit: number
}

/**
 * Divides the open-file limit among connections so that descriptors remain for files: otherwise a KV write would fail because many
 * clients are connected. Undefined where the system has no limit, or it is unknown.
 */
export function descriptorShares({
  clientMaxConnections,
  httpListenPort,
  httpMaxConnections,
}: Pick<NamesrvConfig, 'clientMaxConnections' | 'httpListenPort' | 'httpMaxConnections'>):
  | DescriptorShares
  | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const limit = Number(/^Max open files +(\d+)/m.exec(limits)?.[1])
    if (Number.isNaN(limit)) return undefined
    const shareOf = (wanted: number): number => Math.max(1, Math.min(wanted, Math.floor(limit * OWN_PART)))
    const own = shareOf(clientMaxConnections)
    const http = httpListenPort === 0 ? 0 : shareOf(httpMaxConnections)
    const accepted = Math.max(1, limit - readdirSync('/proc/self/fd').length - RESERVED - own - http)
    return { accepted, own, http, limit }
  } catch {
    return undefined
  }
}

/** Logs at the start that the open-file limit leaves fewer connections than `maxConnections`, and which limit is needed. */
export function warnOfFewDescriptors(
  shares: DescriptorShares | undefined,
  { configuration, logger }: Pick<NamesrvContext, 'configuration' | 'logger'>,
): void {
  const { maxConnections, clientMaxConnections } = configuration.values
  if (shares === undefined || shares.accepted >= maxConnections) return
  const { accepted, own, limit } = shares
  const files = limit - accepted - own
  // With a higher limit, the share of outgoing connections may grow up to clientMaxConnections.
  const neededOpenFileLimit = maxConnections + files + clientMaxConnections
  logger.warn(
    { openFileLimit: limit, possibleConnections: accepted, maxConnections, neededOpenFileLimit },
    'open-file limit leaves fewer connections than maxConnections',
  )
}

/**
 * Logs when the process runs out of file descriptors, and when there are some again. The shares above prevent it, unless the
 * limit is lowered while the server runs, or the whole machine runs out. Node closes new connections then, and reports nothing.
 * @returns Ends the checks.
 */
export function watchFileDescriptors({ scheduler, events, logger }: NamesrvContext): () => void {
  let usedUp = false
  return scheduler.every(CHECK_INTERVAL_MS, () => {
    const error = openError()
    if (usedUp === (error !== undefined)) return
    usedUp = error !== undefined
    events.add(usedUp ? 'descriptors_used_up' : 'descriptors_free', '', error ?? '')
    if (usedUp) logger.error({ error }, 'file descriptors used up: new connections are closed')
    else logger.info({}, 'file descriptors available again')
  })
}

/** Why no file can be opened; undefined if one can. */
function openError(): string | undefined {
  try {
    closeSync(openSync(devNull, 'r'))
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'EMFILE' || code === 'ENFILE' ? message : undefined
  }
}
