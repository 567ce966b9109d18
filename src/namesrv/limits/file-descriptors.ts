import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { devNull } from 'node:os'
import type { NamesrvContext } from '../namesrv-context.ts'

/** Kept for files that are written, certificates and the like. */
const RESERVED = 32
/** Part of the limit that connections of our own may have. */
const OWN_PART = 1 / 8
/** How often it is tried whether there are any left. */
const TRY_MS = 1_000

/** How many connections there may be. */
export interface DescriptorShares {
  /** Of clients and brokers that come. */
  readonly accepted: number
  /** That this server opens. */
  readonly own: number
  /** The limit of open files. */
  readonly limit: number
}

/**
 * How many connections may be open at a time so that there are file descriptors left for everything else: without, a KV write
 * would fail because many clients have come. Undefined where the system does not tell its limit or has none.
 * @param wantedOwn - Connections that this server would open at most.
 */
export function descriptorShares(wantedOwn: number): DescriptorShares | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const limit = Number(/^Max open files +(\d+)/m.exec(limits)?.[1])
    if (Number.isNaN(limit)) return undefined
    const own = Math.max(1, Math.min(wantedOwn, Math.floor(limit * OWN_PART)))
    const accepted = Math.max(1, limit - readdirSync('/proc/self/fd').length - RESERVED - own)
    return { accepted, own, limit }
  } catch {
    return undefined
  }
}

/** Logs at the start that the limit of open files leaves fewer connections than `maxConnections`, and which limit would do. */
export function warnOfFewDescriptors(
  shares: DescriptorShares | undefined,
  { configuration, logger }: Pick<NamesrvContext, 'configuration' | 'logger'>,
): void {
  const { maxConnections, clientMaxConnections } = configuration.values
  if (shares === undefined || shares.accepted >= maxConnections) return
  const { accepted, own, limit } = shares
  const files = limit - accepted - own
  // Connections of our own have at most a part of the limit, so a higher limit may leave more of it to them.
  const neededOpenFiles = maxConnections + files + clientMaxConnections
  logger.warn(
    { openFiles: limit, connections: accepted, maxConnections, neededOpenFiles },
    'open-file limit leaves fewer connections than maxConnections',
  )
}

/**
 * Says when file descriptors are used up all the same, because of a limit that was lowered or of the whole machine, and when
 * there are some again. Nobody else says it: Node closes connections that it has no descriptor for without a word.
 * @returns What ends it.
 */
export function watchFileDescriptors({
  scheduler,
  events,
  logger,
}: Pick<NamesrvContext, 'scheduler' | 'events' | 'logger'>): () => void {
  let usedUp = false
  return scheduler.every(TRY_MS, () => {
    const error = useOne()
    if (usedUp === (error !== undefined)) return
    usedUp = error !== undefined
    events.add(usedUp ? 'descriptors used up' : 'descriptors free', '', error ?? '')
    if (usedUp) logger.error({ error }, 'file descriptors are used up: no new connection is taken')
    else logger.info('there are file descriptors again')
  })
}

/** @returns Why there is none, if so. */
function useOne(): string | undefined {
  try {
    closeSync(openSync(devNull, 'r'))
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'EMFILE' || code === 'ENFILE' ? message : undefined
  }
}
