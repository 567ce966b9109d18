import type { LineLevel } from '../common/log-throttle.ts'
import type { RequestContext } from '../protocol/processor.ts'
import type { RemotingCommand } from '../protocol/remoting-command.ts'

/** What a request of an operator changed. */
export type AdminChange =
  | {
      readonly kind: 'permission wiped' | 'permission restored'
      readonly brokerName: string
      /** Topics that have queues on that broker name, changed or not. */
      readonly topics: number
      /** Whether the routes have changed. */
      readonly changed: boolean
    }
  | {
      readonly kind: 'topic deleted'
      readonly topic: string
      /** Undefined for all clusters. */
      readonly clusterName: string | undefined
      /** Broker names that had queues of the topic. */
      readonly brokers: number
    }
  | {
      readonly kind: 'topic registered'
      readonly topic: string
      /** Broker names whose queues changed. */
      readonly brokers: number
    }
  | {
      readonly kind: 'KV entry put' | 'KV entry deleted'
      readonly namespace: string | null
      readonly key: string | null
      readonly value?: string | null
    }
  | {
      readonly kind: 'connection closed'
      readonly connectionId: number
      /** `host:port` */
      readonly address: string
    }

/** A registration that changed nothing; the names are null if it has none. */
export interface RejectedRegistration {
  readonly brokerName: string | null
  readonly brokerAddr: string | null
  /** Key of the limit that it exceeds; undefined if it was rejected for another reason. */
  readonly limit: string | undefined
  /** Whether the registration guard rejected it, and has reported that. */
  readonly isDisputed: boolean
  readonly reason: string
}

/** What processors report besides their responses. */
export interface ProcessorEvents {
  /** A line for the log, with the peer. */
  log(
    level: LineLevel,
    line: string,
    fields: Readonly<Record<string, unknown>>,
    context: RequestContext,
  ): void
  onAdminChange(change: AdminChange, context: RequestContext): void
  onRegistrationRejected(registration: RejectedRegistration, context: RequestContext): void
  /** A lookup found no route. */
  onNoRoute(topic: string, request: RemotingCommand, context: RequestContext): void
}
