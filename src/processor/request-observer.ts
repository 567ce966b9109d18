import type { RequestContext } from '../protocol/processor.ts'

/** A change that an operator requested. */
export type AdminChange =
  | {
      readonly kind: 'KV entry put'
      readonly namespace: string
      readonly key: string
      readonly value: string | null
    }
  | {
      readonly kind: 'KV entry deleted'
      readonly namespace: string | null
      readonly key: string | null
    }
  | {
      readonly kind: 'write permission wiped' | 'write permission added'
      readonly brokerName: string
      /** Topics with queues on the broker. */
      readonly topics: number
    }
  | {
      readonly kind: 'topic deleted'
      readonly topic: string
      readonly clusterName: string | null
      /** Broker names that had queues of it; 0 if the topic is unknown. */
      readonly brokers: number
    }
  | {
      readonly kind: 'topic registered'
      readonly topic: string
      /** Broker names whose queues of it changed. */
      readonly brokers: number
    }

/** Receives what requests did, for the log. */
export interface RequestObserver {
  /** A request changed the tables or the KV entries, or found nothing to change. */
  onChange(change: AdminChange, context: RequestContext): void
  /** A KV change was not stored and has no effect. */
  onKVFailure(namespace: string | null, key: string | null, error: Error, context: RequestContext): void
  /** A registration was rejected for its content; nothing changed. */
  onRegistrationRejected(
    brokerName: string | null,
    brokerAddr: string | null,
    reason: string,
    context: RequestContext,
  ): void
  /** A lookup found no route. Undefined if it is not logged, so that it costs nothing. */
  readonly onNoRoute: ((topic: string, context: RequestContext) => void) | undefined
}

/** Ignores everything. */
export const NO_OBSERVER: RequestObserver = {
  onChange: () => {},
  onKVFailure: () => {},
  onRegistrationRejected: () => {},
  onNoRoute: undefined,
}
