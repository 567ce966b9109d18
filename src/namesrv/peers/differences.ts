import { cutText } from '../../common/log-throttle.ts'
import type { Steps } from '../../common/time-slicer.ts'
import type { DifferenceKind, PeerDifference } from '../../inspect/peers-view.ts'
import type { ListedGroup } from '../../protocol/body/lists-and-tables.ts'
import type { QueueData } from '../../protocol/body/topic-route-data.ts'

const MAX_DIFFERENCES = 100
const MAX_SUBJECT_CHARACTERS = 300

/** Queues as a response to a lookup has them; `topicSysFlag` is not compared where it is absent. */
export type ListedQueues = Omit<QueueData, 'topicSysFlag'> & { readonly topicSysFlag?: number }

/** The first differences between this server and a peer. */
export class Differences {
  readonly list: PeerDifference[] = []

  get isFull(): boolean {
    return this.list.length >= MAX_DIFFERENCES
  }

  /** Null is what a side does not have. */
  add(kind: DifferenceKind, subject: string, here: string | null, there: string | null): void {
    if (this.isFull) return
    const cut = (text: string | null): string | null => (text === null ? null : cutText(text))
    this.list.push({
      kind,
      subject: cutText(subject, MAX_SUBJECT_CHARACTERS),
      here: cut(here),
      there: cut(there),
    })
  }

  /** Values by key. */
  *compareValues(
    kind: 'kv' | 'config',
    prefix: string,
    here: ReadonlyMap<string, string | null>,
    there: ReadonlyMap<string, string>,
  ): Steps<void> {
    for (const [key, own] of here) {
      const other = there.get(key) ?? null
      if (own !== other) this.add(kind, `${prefix}${key}`, own, other)
      yield
    }
    for (const [key, other] of there) {
      if (!here.has(key)) this.add(kind, `${prefix}${key}`, null, other)
      yield
    }
  }

  /** Broker groups by name. */
  *compareGroups(
    here: ReadonlyMap<string, ListedGroup>,
    there: ReadonlyMap<string, ListedGroup>,
  ): Steps<void> {
    for (const name of union(here.keys(), there.keys())) {
      const [own, other] = [membersOnly(here.get(name)), membersOnly(there.get(name))]
      if (own !== undefined && other !== undefined) this.#compareGroup(name, own, other)
      else if (own !== other) this.add('broker_missing', name, groupText(own), groupText(other))
      yield
    }
  }

  #compareGroup(name: string, here: ListedGroup, there: ListedGroup): void {
    if (here.cluster !== there.cluster)
      this.add('broker_group', `${name} cluster`, here.cluster, there.cluster)
    // Servers of 4.x know neither.
    if (here.enableActingMaster !== null && there.enableActingMaster !== null) {
      const [own, other] = [settingsText(here), settingsText(there)]
      if (own !== other) this.add('broker_group', name, own, other)
    }
    const [ownIds, otherIds] = [idsOf(here), idsOf(there)]
    for (const [addr, id] of ownIds) {
      const otherId = otherIds.get(addr)
      if (otherId !== undefined && otherId !== id)
        this.add('broker_id', `${name} ${addr}`, `${id}`, `${otherId}`)
    }
    // What is left are addresses that only one side has.
    for (const id of union(here.brokerAddrs.keys(), there.brokerAddrs.keys())) {
      const [ownAddr, otherAddr] = [here.brokerAddrs.get(id), there.brokerAddrs.get(id)]
      const own = ownAddr === undefined || otherIds.has(ownAddr) ? null : ownAddr
      const other = otherAddr === undefined || ownIds.has(otherAddr) ? null : otherAddr
      if (own === null && other === null) continue
      const kind = own !== null && other !== null ? 'broker_address' : 'broker_missing'
      this.add(kind, `${name}:${id}`, own, other)
    }
  }

  /** Which topics there are; `queuesHere` returns the queues of a topic at this server. */
  *compareTopics(
    here: Iterable<string>,
    there: ReadonlySet<string>,
    queuesHere: (topic: string) => ReadonlyMap<string, QueueData> | undefined,
  ): Steps<void> {
    for (const topic of here) {
      const queues = there.has(topic) ? undefined : queuesHere(topic)
      if (queues !== undefined) this.add('topic_missing', topic, onBrokers(queues.keys()), null)
      yield
    }
    for (const topic of there) {
      if (queuesHere(topic) === undefined) this.add('topic_missing', topic, null, 'has a route')
      yield
    }
  }

  /** The queues of a topic by broker name; undefined if a side does not have the topic. */
  compareQueues(
    topic: string,
    here: ReadonlyMap<string, QueueData> | undefined,
    there: ReadonlyMap<string, ListedQueues> | undefined,
  ): void {
    if (here === undefined || there === undefined) {
      if (here === there) return
      const text = (queues?: ReadonlyMap<string, unknown>) =>
        queues === undefined ? null : onBrokers(queues.keys())
      this.add('topic_missing', topic, text(here), text(there))
      return
    }
    for (const name of union(here.keys(), there.keys())) {
      const [own, other] = [here.get(name), there.get(name)]
      const subject = `${topic} on ${name}`
      const [ownText, otherText] = [queuesText(own), queuesText(other)]
      if (ownText !== otherText) this.add('queues', subject, ownText, otherText)
      if (own === undefined || other === undefined) continue
      if (own.perm !== other.perm) this.add('permission', subject, `${own.perm}`, `${other.perm}`)
      if (own.topicSysFlag !== (other.topicSysFlag ?? own.topicSysFlag))
        this.add('topic_flag', subject, `${own.topicSysFlag}`, `${other.topicSysFlag}`)
    }
  }
}

/** Names in both orders of arrival: the same ones are found again by the next comparison. */
function union<Name>(here: Iterable<Name>, there: Iterable<Name>): Set<Name> {
  return new Set([...here, ...there])
}

/** A group without members, which a rejected registration leaves behind, counts as missing. */
function membersOnly(group: ListedGroup | undefined): ListedGroup | undefined {
  return group === undefined || group.brokerAddrs.size === 0 ? undefined : group
}

function idsOf({ brokerAddrs }: ListedGroup): Map<string, bigint> {
  return new Map([...brokerAddrs].map(([id, addr]) => [addr, id]))
}

function groupText(group: ListedGroup | undefined): string | null {
  if (group === undefined) return null
  return [...group.brokerAddrs].map(([id, addr]) => `${id}=${addr}`).join(' ')
}

function settingsText({ zoneName, enableActingMaster }: ListedGroup): string {
  return `zone ${JSON.stringify(zoneName ?? '')}, acting master ${enableActingMaster === true ? 'on' : 'off'}`
}

function queuesText(queues: ListedQueues | undefined): string | null {
  return queues === undefined ? null : `${queues.readQueueNums} read, ${queues.writeQueueNums} write`
}

function onBrokers(names: Iterable<string>): string {
  return `on ${[...names].slice(0, 10).join(', ')}`
}
