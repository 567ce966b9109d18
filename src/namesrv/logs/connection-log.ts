import { LimitError } from '../../common/limit-error.ts'
import type { LineLevel } from '../../common/log-throttle.ts'
import { FrameError } from '../../protocol/errors.ts'
import type { RemotingServerEvents } from '../../remoting/server/remoting-server.ts'
import type { NamesrvContext } from '../namesrv-context.ts'

/** Counted like the error codes, for connections that the process has no file descriptor for. */
const NO_DESCRIPTOR = 'ERR_NO_DESCRIPTOR'

/** Counts and logs what happens on connections until they close. */
export function createConnectionLog(context: NamesrvContext): Omit<RemotingServerEvents, 'onChannelClose'> {
  const { counters, events, logger, rejections } = context
  const { framesRejected, connectionsRejected } = counters
  const throttled = (
    level: LineLevel,
    line: string,
    peer: string,
    log: (suppressed: number | undefined) => void,
  ): void => context.throttle.limit(level, line).run(log, peer)

  return {
    onChannelFailure: ({ remoteAddress: peer }, error) => {
      if (error instanceof LimitError) {
        rejections.rejected(error.limit, peer, error.message)
        return
      }
      if (!(error instanceof FrameError)) {
        counters.connectionsFailed++
        logger.debug({ peer, error: error.message }, 'connection failed')
        return
      }
      const { code, message, limit } = error
      framesRejected[code] = (framesRejected[code] ?? 0) + 1
      if (limit !== undefined) counters.rejected[limit]++
      const line = code === 'ERR_FOREIGN_PROTOCOL' ? 'connection closed' : 'connection closed: invalid frame'
      throttled('warn', line, peer, (suppressed) => {
        if (limit !== undefined) events.add('rejected', peer, message)
        logger.warn({ peer, code, suppressed }, `${line}: ${message}`)
      })
    },

    onChannelDefect: ({ remoteAddress: peer }, err) => {
      counters.connectionsDefect++
      const line = 'connection closed: defect'
      throttled('error', line, peer, (suppressed) => {
        events.add('defect', peer, `connection closed: ${err}`)
        logger.error({ err, peer, suppressed }, line)
      })
    },

    onChannelIdle: ({ remoteAddress: peer }) => {
      counters.connectionsIdle++
      logger.debug({ peer }, 'connection closed: idle')
    },

    onConnectionRejected: (peer, { code, message, limit }) => {
      connectionsRejected[code] = (connectionsRejected[code] ?? 0) + 1
      if (limit !== undefined) {
        rejections.rejected(limit, peer, message)
        return
      }
      const line = 'connection closed before its first frame'
      throttled('warn', line, peer, (suppressed) =>
        logger.warn({ peer, code, suppressed }, `${line}: ${message}`),
      )
    },

    onConnectionDropped: (peer, mostConnections) => {
      connectionsRejected[NO_DESCRIPTOR] = (connectionsRejected[NO_DESCRIPTOR] ?? 0) + 1
      const line = 'connection rejected: open-file limit reached'
      throttled('warn', line, peer, (suppressed) => {
        events.add('rejected', peer, `no file descriptor for more than ${mostConnections} connections`)
        logger.warn({ peer, mostConnections, suppressed }, line)
      })
    },

    onServerFailure: ({ message }) => {
      counters.serverFailures++
      const line = 'listening socket failed'
      throttled('error', line, '', (suppressed) => {
        events.add('server failure', '', message)
        logger.error({ error: message, suppressed }, line)
      })
    },
  }
}
