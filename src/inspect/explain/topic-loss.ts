import type { RouteHistory, TopicDeletion, TopicRemoval } from '../history/route-history.ts'
import { at, type Clocks, causeText, count, name } from './wording.ts'

/** How a topic lost its last queues that the history knows of. */
export type TopicLoss =
  | (TopicDeletion & { readonly kind: 'deleted' })
  | (TopicRemoval & { readonly kind: 'dropped' | 'left' })

/** Undefined if the history knows of none. */
export function lossOf(history: RouteHistory, topic: string): TopicLoss | undefined {
  const deletion = history.topicDeletion(topic)
  const removal = history.topicRemovals(topic).at(-1)
  if (deletion !== undefined && deletion.atMs >= (removal?.atMs ?? 0)) return { ...deletion, kind: 'deleted' }
  return removal && { ...removal, kind: removal.cause === 'dropped' ? 'dropped' : 'left' }
}

/** One sentence. */
export function lossText(topic: string, loss: TopicLoss, clocks: Clocks): string {
  const when = at(loss.atMs, clocks)
  switch (loss.kind) {
    case 'deleted': {
      const where = loss.clusterName === undefined ? '' : ` of cluster ${name(loss.clusterName)}`
      return `${name(topic)} was deleted on ${count(loss.brokers, 'broker')}${where} ${when} by ${loss.by} (request 216, as mqadmin deleteTopic sends).`
    }
    case 'dropped':
      return `${name(loss.brokerName)} dropped ${name(topic)} ${when}: its registration does not contain the topic any more.`
    case 'left': {
      const cause = loss.cause === 'dropped' ? '' : causeText(loss.cause)
      return `${name(topic)} left with ${name(loss.brokerName)}, its last broker, which ${cause}, ${when}.`
    }
  }
}
