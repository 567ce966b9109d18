import { CodedError } from './coded-error.ts'

/** Every key of the configuration that sets a limit, in the order in which a request meets them. */
export const LIMIT_KEYS = [
  'maxConnections',
  'maxConnectionsPerAddress',
  'com.rocketmq.remoting.frameMaxLength',
  'maxHeaderBytes',
  'maxRequestBodyBytes',
  'maxConfigUpdateBytes',
  'maxInflatedBytes',
  'maxQueuedRequestBytes',
  'maxQueuedAnswerBytes',
  'maxRegistrationsInFlight',
  'maxWaitingRequests',
  'unRegisterBrokerQueueCapacity',
  'maxBrokers',
  'maxTopics',
  'maxKVEntries',
  'maxKVBytes',
  'maxWaitingChanges',
  'clusterTestMaxLookups',
  'clientMaxConnections',
  'clientMaxQueuedBytes',
  'clientOnewaySemaphoreValue',
  'clientAsyncSemaphoreValue',
] as const

/** The rates of the access file. */
export const RATE_LIMIT_NAMES = [
  'rates.connections',
  'rates.handshakes',
  'rates.lookups',
  'rates.other',
  'rates.failures',
] as const
export type RateLimitName = (typeof RATE_LIMIT_NAMES)[number]

export const LIMIT_NAMES = [...LIMIT_KEYS, ...RATE_LIMIT_NAMES]

/** The name of a limit: of the key that sets it, or of a rate of the access file. */
export type LimitName = (typeof LIMIT_NAMES)[number]

/** Something would exceed a limit. It is rejected, and nothing has changed. */
export class LimitError extends CodedError<'ERR_LIMIT'> {
  declare readonly limit: LimitName
  /** Whether the same request may succeed a moment later. */
  readonly busy: boolean
  /** Remark of the response; unused if {@link busy}. */
  readonly remark: string

  /** @param message - For the log; names the limit and its value. */
  constructor(limit: LimitName, message: string, { busy = false, remark = message } = {}) {
    super('ERR_LIMIT', message, { limit })
    this.busy = busy
    this.remark = remark
  }

  /** For a limit on what may go on at a time: the same request may succeed a moment later. */
  static busy(limit: LimitName, message: string): LimitError {
    return new LimitError(limit, message, { busy: true })
  }
}
