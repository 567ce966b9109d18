import { counted } from '../../common/counted.ts'
import { MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'
import { AUTO_CREATE_TOPIC } from '../../routeinfo/table-queries.ts'
import { mqadmin } from '../commands.ts'
import { isInternalTopic } from '../findings/topic-rules.ts'
import type { RouteHistory, TopicDeletion, TopicRemoval } from '../history/route-history.ts'
import type { SimilarName } from '../similar-names.ts'
import { at, type Clocks, causeText, name } from './wording.ts'

/** How a topic lost its last queues that the history knows of. */
export type TopicLoss =
  | (TopicDeletion & { readonly kind: 'deleted' })
  | (TopicRemoval & { readonly kind: 'dropped' | 'left' })

/** Undefined if the history knows of none. A broker that left and registered again without the topic has dropped it. */
export function lossOf(topic: string, history: RouteHistory, view: RouteView): TopicLoss | undefined {
  const deletion = history.topicDeletion(topic)
  const removal = history.topicRemovals(topic).at(-1)
  if (deletion !== undefined && deletion.atMs >= (removal?.atMs ?? 0)) return { ...deletion, kind: 'deleted' }
  if (removal === undefined) return undefined
  const isDropped = removal.cause === 'dropped' || hasRegisteredAll(view, removal.brokerName)
  return { ...removal, kind: isDropped ? 'dropped' : 'left' }
}

/** Whether a member whose topics count has registered all of them: the master, or a slave that may act as one. */
export function hasRegisteredAll({ tables }: RouteView, brokerName: string): boolean {
  const group = tables.brokerAddrTable.get(brokerName)
  const masterAddr = group?.brokerAddrs.get(MASTER_ID)
  return tables
    .membersOf(brokerName)
    .some((live) => live.isComplete && (live.brokerAddr === masterAddr || group?.enableActingMaster === true))
}

/** One sentence. */
export function lossText(topic: string, loss: TopicLoss, clocks: Clocks): string {
  const when = at(loss.atMs, clocks)
  if (loss.kind === 'deleted') {
    const where = loss.clusterName === undefined ? '' : ` of cluster ${name(loss.clusterName)}`
    return `${name(topic)} was deleted on ${counted(loss.brokers, 'broker')}${where} ${when} by ${loss.by} (request 216, as mqadmin deleteTopic sends).`
  }
  const broker = name(loss.brokerName)
  if (loss.cause === 'dropped')
    return `${broker} dropped ${name(topic)} ${when}: its registration does not contain the topic any more.`
  const again = loss.kind === 'dropped' ? `, and has registered again without ${name(topic)}` : ''
  return `${name(topic)} left with ${broker}, its last broker, ${when}: ${broker} ${causeText(loss.cause)}${again}.`
}

/** The cluster in which a topic without a route belongs: where it was, or where brokers would create it, or else the only one. */
export function homeOf(
  view: RouteView,
  loss: TopicLoss | undefined,
  autoCreating: readonly string[],
): string | undefined {
  if (loss?.kind === 'deleted' && loss.clusterName !== undefined) return loss.clusterName
  const brokerName = loss?.kind === 'dropped' ? loss.brokerName : autoCreating[0]
  const known = view.group(brokerName ?? '')?.cluster
  const [only, ...others] = view.clusters().keys()
  return known ?? (others.length === 0 ? only : undefined)
}

/**
 * The command that creates a topic without a route; null if that is not what fixes it: brokers make the topic for themselves, its
 * name is invalid or perhaps misspelt, or its broker is away.
 */
export function createCommand(
  topic: string,
  loss: TopicLoss | undefined,
  cluster: string | undefined,
  similar: readonly SimilarName[],
): string | null {
  if (cluster === undefined || isInternalTopic(topic) || !isValidName(topic)) return null
  if (loss === undefined ? similar.length > 0 : loss.kind === 'left') return null
  return mqadmin('updateTopic', { t: topic, c: cluster })
}

/** What {@link isValidName} checks. */
export const NAME_RULE = 'the name of a topic has 1 to 127 letters (a to z), digits and characters of "_-%|"'

/** Whether brokers create a topic of that name. @see TopicValidator#validateTopic in apache/rocketmq */
export function isValidName(topic: string): boolean {
  return /^[\w%|-]{1,127}$/.test(topic)
}

/** What creates a topic that brokers, clients or proxies make for themselves; undefined for other topics. */
export function originText(topic: string): string | undefined {
  const [, kind, group = ''] = /^%(RETRY|DLQ)%(.+)$/s.exec(topic) ?? []
  if (kind === 'RETRY')
    return `It is the retry topic of consumer group ${name(group)}: a broker creates it when a consumer of the group connects to it.`
  if (kind === 'DLQ')
    return `It has the dead letters of consumer group ${name(group)}: a broker creates it with the first one.`
  if (topic === AUTO_CREATE_TOPIC)
    return 'Brokers have it if they create topics on their first use (autoCreateTopicEnable). Producers look it up when the topic that they send to has no route: that one is missing.'
  return isInternalTopic(topic)
    ? 'Brokers, proxies or clients create it when a feature that needs it is on.'
    : undefined
}
