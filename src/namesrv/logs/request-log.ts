import { cutName, cutText } from '../../common/log-text.ts'
import type { AdminChange, RequestObserver } from '../../processor/request-observer.ts'
import type { RequestContext } from '../../protocol/processor.ts'
import type { RemotingCommand } from '../../protocol/remoting-command.ts'
import { HIDDEN } from '../config/config-key.ts'
import type { NamesrvContext } from '../namesrv-context.ts'

/** Keys whose values may be secrets: the log does not show them. */
const SECRET_KEY = /password|passwd|secret|token|credential/i

/** Logs the requests that matter to an operator: changes, and those that were rejected or not stored. */
export function createRequestLog({ configuration, logger, throttle }: NamesrvContext): RequestObserver {
  const { kvConfigPath } = configuration.values
  return {
    onChange: (change, { channel: { remoteAddress: peer } }) => {
      const fields = { peer, ...fieldsOf(change) }
      throttle
        .limit('info', change.kind)
        .run((suppressed) => logger.info({ ...fields, suppressed }, change.kind), peer)
    },
    onKVFailure: (namespace, key, { message: error }, { channel: { remoteAddress: peer } }) => {
      const line = 'KV change not stored'
      const fields = { peer, namespace: cutName(namespace), key: cutName(key), path: kvConfigPath, error }
      throttle.limit('error', line).run((suppressed) => logger.error({ ...fields, suppressed }, line), peer)
    },
    onRegistrationRejected: (brokerName, brokerAddr, reason, { channel: { remoteAddress: peer } }) => {
      const line = 'registration rejected'
      const fields = {
        peer,
        brokerName: cutName(brokerName),
        brokerAddr: cutName(brokerAddr),
        reason: cutText(reason),
      }
      throttle.limit('warn', line).run((suppressed) => logger.warn({ ...fields, suppressed }, line), peer)
    },
    onNoRoute: logger.isLevelEnabled('debug')
      ? (topic, { channel }: RequestContext) =>
          logger.debug({ peer: channel.remoteAddress, topic: cutName(topic) }, 'no route for topic')
      : undefined,
  }
}

function fieldsOf(change: AdminChange): Record<string, unknown> {
  switch (change.kind) {
    case 'KV entry put': {
      const { namespace, key, value } = change
      const shown = SECRET_KEY.test(key) ? HIDDEN : cutName(value)
      return { namespace: cutName(namespace), key: cutName(key), value: shown }
    }
    case 'KV entry deleted':
      return { namespace: cutName(change.namespace), key: cutName(change.key) }
    case 'write permission wiped':
    case 'write permission added':
      return { brokerName: cutName(change.brokerName), topics: change.topics }
    case 'topic deleted':
      return {
        topic: cutName(change.topic),
        clusterName: cutName(change.clusterName ?? undefined),
        brokers: change.brokers,
      }
    case 'topic registered':
      return { topic: cutName(change.topic), brokers: change.brokers }
    default:
      return change satisfies never
  }
}

/** Counts and logs requests that fail unexpectedly; the peer gets SYSTEM_ERROR. */
export class RequestDefectLog {
  readonly #context: Pick<NamesrvContext, 'counters' | 'events' | 'logger' | 'throttle'>

  constructor(context: Pick<NamesrvContext, 'counters' | 'events' | 'logger' | 'throttle'>) {
    this.#context = context
  }

  failed(
    err: unknown,
    { code }: RemotingCommand,
    { channel: { remoteAddress: peer } }: RequestContext,
  ): void {
    const { counters, events, logger, throttle } = this.#context
    const line = 'request failed: defect'
    counters.requestDefects++
    throttle.limit('error', line).run((suppressed) => {
      events.add('defect', peer, `request ${code}: ${err}`)
      logger.error({ err, code, peer, suppressed }, line)
    }, peer)
  }
}
