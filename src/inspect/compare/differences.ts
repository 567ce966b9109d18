import { cutText } from '../../common/log-throttle.ts'
import type { Steps } from '../../common/time-slicer.ts'
import type { ListedGroup } from '../../protocol/body/lists-and-tables.ts'
import type { QueueData } from '../../protocol/body/topic-route-data.ts'

/** What NameServers may differ in. */
export const DIFFERENCE_KINDS = [
  'broker_missing',
  'broker_id',
  'broker_address',
  'broker_group',
  'topic_missing',
  'permission',
  'queues',
  'topic_flag',
  'kv',
  'config',
] as const
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number]

/** Configuration keys that NameServers are compared in: the responses to clients and brokers depend on them. */
export const COMPARABLE_KEYS = [
  'clusterTest',
  'deleteTopicWithBrokerRegistration',
  'enableAllTopicList',
  'enableTopicList',
  'needWaitForService',
  'notifyMinBrokerIdChanged',
  'orderMessageEnable',
  'returnOrderTopicConfigToBroker',
  'supportActingMaster',
] as const

/** What a NameServer has: null if it is missing there, undefined if that is unknown or does not apply. */
export type ComparedValue = string | null | undefined

/** Something that NameServers have different values of. */
export interface Difference {
  readonly kind: DifferenceKind
  /** Such as `broker-a`, `broker-a:1`, `TopicA` or `TopicA on broker-a`. */
  readonly subject: string
  readonly topic: string | null
  /** Names of the brokers that it is about, at most {@link MAX_BROKERS}. */
  readonly brokers: readonly string[]
  /** Of each NameServer, in their order. */
  readonly values: readonly ComparedValue[]
}

/** Queues as a NameServer lists them; `topicSysFlag` is not compared where it is absent. */
export type ListedQueues = Omit<QueueData, 'topicSysFlag'> & { readonly topicSysFlag?: number }

export interface DifferencesOptions {
  readonly maxDifferences: number
  /** Longer subjects are cut. Default: none are. */
  readonly maxSubjectCharacters?: number
  /** Longer values are cut. Default: none are. */
  readonly maxValueCharacters?: number
}

const MAX_BROKERS = 10

/** The first differences between two or more NameServers. What is compared is given for each of them, in the same order. */
export class Differences {
  readonly list: Difference[] = []
  readonly #options: DifferencesOptions

  constructor(options: DifferencesOptions) {
    this.#options = options
  }

  get isFull(): boolean {
    return this.list.length >= this.#options.maxDifferences
  }

  /** Values by key; undefined for a NameServer that does not show them. Of the configuration, only keys that both have are compared. */
  *compareValues(
    kind: 'kv' | 'config',
    prefix: string,
    tables: readonly (ReadonlyMap<string, string | null> | undefined)[],
  ): Steps<void> {
    const absent = kind === 'kv' ? null : undefined
    for (const key of union(tables)) {
      const values = tables.map((table) => table && (table.get(key) ?? absent))
      this.#add({ kind, subject: `${prefix}${key}`, topic: null, brokers: [], values })
      yield
    }
  }

  /** Broker groups by name. */
  *compareGroups(tables: readonly ReadonlyMap<string, ListedGroup>[]): Steps<void> {
    for (const name of union(tables)) {
      this.#compareGroup(
        name,
        tables.map((table) => membersOnly(table.get(name))),
      )
      yield
    }
  }

  #compareGroup(name: string, groups: readonly (ListedGroup | undefined)[]): void {
    const add = (kind: DifferenceKind, subject: string, values: readonly ComparedValue[]): void =>
      this.#add({ kind, subject, topic: null, brokers: [name], values })
    if (groups.includes(undefined)) add('broker_missing', name, groups.map(groupText))
    add(
      'broker_group',
      `${name} cluster`,
      groups.map((group) => group?.cluster),
    )
    add('broker_group', name, groups.map(settingsText))
    const idTables = groups.map((group) => group && idsOf(group))
    const addresses = union(idTables)
    for (const address of addresses) {
      const ids = idTables.map((table) => table?.get(address))
      add(
        'broker_id',
        `${name} ${address}`,
        ids.map((id) => (id === undefined ? undefined : `${id}`)),
      )
      if (!ids.some((id, index) => id === undefined && groups[index] !== undefined)) addresses.delete(address)
    }
    // What is left are addresses that some have and others do not.
    for (const id of union(groups.map((group) => group?.brokerAddrs))) {
      const values = groups.map((group) => {
        const address = group?.brokerAddrs.get(id)
        return group && (address !== undefined && addresses.has(address) ? address : null)
      })
      add(values.includes(null) ? 'broker_missing' : 'broker_address', `${name}:${id}`, values)
    }
  }

  /** The queues of a topic by broker name; undefined for a NameServer that does not have the topic. */
  compareQueues(topic: string, tables: readonly (ReadonlyMap<string, ListedQueues> | undefined)[]): void {
    const names = union(tables)
    if (tables.includes(undefined)) {
      const values = tables.map((table) => (table === undefined ? null : onBrokers(table.keys())))
      this.addMissingTopic(topic, names, values)
    }
    for (const name of names) {
      // Null for queues that are missing, undefined for those of a missing topic.
      const queues = tables.map((table) => table && (table.get(name) ?? null))
      const subject = `${topic} on ${name}`
      const add = (kind: DifferenceKind, values: readonly ComparedValue[]): void =>
        this.#add({ kind, subject, topic, brokers: [name], values })
      add(
        'queues',
        queues.map((each) => each && `${each.readQueueNums} read, ${each.writeQueueNums} write`),
      )
      add(
        'permission',
        queues.map((each) => textOf(each?.perm)),
      )
      add(
        'topic_flag',
        queues.map((each) => textOf(each?.topicSysFlag)),
      )
    }
  }

  /** A topic that some NameServers do not have; null for those. */
  addMissingTopic(topic: string, brokers: Iterable<string>, values: readonly ComparedValue[]): void {
    this.#add({
      kind: 'topic_missing',
      subject: topic,
      topic,
      brokers: [...brokers].slice(0, MAX_BROKERS),
      values,
    })
  }

  /** Adds it if the known values differ. */
  #add(difference: Difference): void {
    const known = difference.values.filter((value) => value !== undefined)
    if (this.isFull || known.every((value) => value === known[0])) return
    const { maxSubjectCharacters = Number.POSITIVE_INFINITY, maxValueCharacters = Number.POSITIVE_INFINITY } =
      this.#options
    this.list.push({
      ...difference,
      subject: cutText(difference.subject, maxSubjectCharacters),
      values: difference.values.map((value) => value && cutText(value, maxValueCharacters)),
    })
  }
}

/** Where a topic is, for people. */
export function onBrokers(names: Iterable<string>): string {
  return `on ${[...names].slice(0, MAX_BROKERS).join(', ') || 'no broker'}`
}

/** Names in all orders of arrival: the same ones are found again by the next comparison. */
function union<Name>(tables: readonly (ReadonlyMap<Name, unknown> | undefined)[]): Set<Name> {
  const names = new Set<Name>()
  for (const table of tables) for (const name of table?.keys() ?? []) names.add(name)
  return names
}

/** A group without members, which a rejected registration leaves behind, counts as missing. */
function membersOnly(group: ListedGroup | undefined): ListedGroup | undefined {
  return group === undefined || group.brokerAddrs.size === 0 ? undefined : group
}

function idsOf({ brokerAddrs }: ListedGroup): Map<string, bigint> {
  return new Map([...brokerAddrs].map(([id, address]) => [address, id]))
}

function groupText(group: ListedGroup | undefined): string | null {
  if (group === undefined) return null
  return [...group.brokerAddrs].map(([id, address]) => `${id}=${address}`).join(' ')
}

/** Undefined for servers of 4.x, which know neither. */
function settingsText(group: ListedGroup | undefined): string | undefined {
  if (group === undefined || group.enableActingMaster === null) return undefined
  const { zoneName, enableActingMaster } = group
  return `zone ${JSON.stringify(zoneName ?? '')}, acting master ${enableActingMaster ? 'on' : 'off'}`
}

function textOf(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${value}`
}
