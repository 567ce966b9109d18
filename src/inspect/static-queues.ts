import type { TopicQueueMappingInfo } from '../protocol/body/topic-queue-mapping-info.ts'
import { LONG_SCHEMA, longValue, objectOf, type Schema } from './view.ts'

/** The logical queues of a static topic on one broker group, as views and commands show them. */
export interface StaticQueues {
  readonly totalQueues: number
  readonly queues: number
  readonly epoch: number | string
  readonly scope: string | null
}

/** Schema of {@link StaticQueues}, or null. */
export const STATIC_QUEUES_SCHEMA: Schema = {
  anyOf: [
    objectOf({
      totalQueues: { type: 'integer', description: 'Logical queues on all brokers' },
      queues: { type: 'integer', description: 'Of these, on this broker' },
      epoch: LONG_SCHEMA,
      scope: { type: ['string', 'null'] },
    }),
    { type: 'null' },
  ],
  description: 'The mapping of a static topic',
}

/** @param mapping - Undefined if the topic is not static. */
export function staticQueuesOf(mapping: TopicQueueMappingInfo | undefined): StaticQueues | null {
  if (mapping === undefined) return null
  const { totalQueues, currIdMap, epoch, scope } = mapping
  return { totalQueues, queues: currIdMap?.size ?? 0, epoch: longValue(epoch), scope }
}
