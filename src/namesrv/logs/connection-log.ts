import { LimitError } from '../../common/limit-error.ts'
import { FrameError } from '../../protocol/errors.ts'
import type { RemotingServerEvents } from '../../remoting/server/remoting-server.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { rejectionEntry } from './audit-entries.ts'
import { logInternalError, logRejection } from './request-log.ts'

/** Counted like the error codes, for connections that the process has no file descriptor for. */
const NO_DESCRIPTOR = 'ERR_NO_DESCRIPTOR'

/** Counts and logs what happens on connections until they close. */
export function createConnectionLog(context: NamesrvContext): Omit<RemotingServerEvents, 'onChannelClose'> {
  const { audit, counters, events, logger, throttle } = context
  const { framesRejected, connectionsRejected } = counters
  return {
    onChannelFailure: ({ remoteAddress: peer, host, isTls }, error) => {
      if (error instanceof LimitError) {
        logRejection(context, error.limit, peer, error.message)
        audit.write(rejectionEntry(error.limit, error.message, { peer, host, isTls }))
        return
      }
      if (!(error instanceof FrameError)) {
        logger.debug({ peer, error: error.message }, 'connection failed')
        return
      }
      const { code, message: reason, limit } = error
      framesRejected[code] = (framesRejected[code] ?? 0) + 1
      if (limit !== undefined) {
        counters.rejected[limit]++
        audit.write(rejectionEntry(limit, reason, { peer, host, isTls }))
      }
      const isLogged = throttle.log('warn', 'connection closed: invalid frame', { peer, code, reason })
      if (isLogged && limit !== undefined) events.add('rejected', peer, reason, { address: peer })
    },

    onChannelInternalError: ({ remoteAddress: peer }, err) => {
      counters.connectionInternalErrors++
      logInternalError(context, 'connection closed', peer, err)
    },

    onChannelIdle: ({ remoteAddress: peer }) => logger.debug({ peer }, 'connection closed: idle'),

    onConnectionRejected: (peer, { code, message: reason, limit }, host) => {
      connectionsRejected[code] = (connectionsRejected[code] ?? 0) + 1
      audit.write(rejectionEntry(limit ?? code, reason, { peer, host }))
      if (limit !== undefined) logRejection(context, limit, peer, reason)
      else throttle.log('warn', 'connection closed before its first frame', { peer, code, reason })
    },

    onConnectionDropped: (peer, possibleConnections) => {
      connectionsRejected[NO_DESCRIPTOR] = (connectionsRejected[NO_DESCRIPTOR] ?? 0) + 1
      if (throttle.log('warn', 'connection rejected: open-file limit reached', { peer, possibleConnections }))
        events.add(
          'rejected',
          peer,
          `the open-file limit leaves room for ${possibleConnections} connections`,
          {
            address: peer,
          },
        )
    },

    onServerFailure: ({ message: error }) => {
      counters.serverFailures++
      if (throttle.log('error', 'listening socket failed', { error })) events.add('server_failure', '', error)
    },
  }
}
