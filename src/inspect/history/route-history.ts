import { MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import type {
  BrokerIdentity,
  RouteEvent,
  TopicTally,
  UnregisterReason,
} from '../../routeinfo/route-changes.ts'
import { RecentMap } from './recent-map.ts'

/*
 * Times are on the clock of `InspectSources.nowMs`, so that durations can be taken from them; `dateOf` makes dates of them.
 * `by` and `peer` are `host:port`.
 */

/** A broker that left, or was removed. */
export interface Departure {
  readonly atMs: number
  readonly cause: UnregisterReason
  readonly clusterName: string
  readonly brokerName: string
  readonly brokerAddr: string
  /** Undefined if it was not a member of its group any more. */
  readonly brokerId: bigint | undefined
  /** The peer that asked for it, or else the one that had registered the broker. */
  readonly peer: string | undefined
  /** Topics whose queues on the broker name were removed with it: none while the name has other members. */
  readonly topics: number
}

/** How a broker name lost its master: it left, or became a slave. */
export interface MasterLoss {
  readonly atMs: number
  readonly cause: UnregisterReason | 'role changed'
  readonly brokerAddr: string
}

/** What an operator did last to the write permission of a broker name (205, 327). */
export interface PermissionChange {
  readonly kind: 'wiped' | 'restored'
  readonly atMs: number
  readonly by: string
  readonly topics: number
}

/** A topic that was deleted by request 216. */
export interface TopicDeletion {
  readonly atMs: number
  readonly by: string
  /** Undefined if it was deleted in every cluster. */
  readonly clusterName: string | undefined
  /** Broker names that had queues of it. */
  readonly brokers: number
}

/** A topic that was registered by itself, with request 217. */
export interface TopicRegistration {
  readonly atMs: number
  readonly by: string
  readonly brokers: number
}

/** The queues of a topic on a broker name were removed: it left, or `dropped` the topic from its registration. */
export interface TopicRemoval {
  readonly atMs: number
  readonly cause: UnregisterReason | 'dropped'
  readonly brokerName: string
  readonly brokerAddr: string
  readonly peer: string | undefined
}

/** Several topics that lost their queues on a broker name at once. */
export interface RemovedTopics extends TopicRemoval {
  /** The first ones of them. */
  readonly names: readonly string[]
  readonly topics: number
}

/** A registration that was rejected or ignored. */
export interface RegistrationRejection {
  readonly atMs: number
  readonly brokerName: string
  readonly brokerAddr: string
  readonly by: string
  /** Key of the limit that it exceeds; undefined if it was rejected for another reason. */
  readonly limit: string | undefined
  /** Whether `registrationGuard` rejected it. */
  readonly isDisputed?: boolean | undefined
  readonly reason: string
}

/** Registrations of a broker that was not a member of its group at the time. */
export interface MemberPast {
  readonly brokerAddr: string
  /** Of the last one. */
  readonly brokerId: bigint
  readonly firstRegisteredMs: number
  readonly lastRegisteredMs: number
  readonly registrations: number
}

/** What is known of a broker name's past. */
export interface BrokerPast {
  readonly lastRegisteredMs: number
  /** Its brokers, the one that registered last at the end. */
  readonly members: readonly MemberPast[]
  /** When registrations of its brokers changed topics last; undefined if never. */
  readonly topicsChangedMs: number | undefined
}

interface BrokerRecord {
  past: BrokerPast | undefined
  /** Newest last. */
  departures: readonly Departure[]
  permission: PermissionChange | undefined
  /** The last address that registered with id 0, and how it was lost. */
  masterAddr: string | undefined
  masterLoss: MasterLoss | undefined
}

const EMPTY: BrokerRecord = {
  past: undefined,
  departures: [],
  permission: undefined,
  masterAddr: undefined,
  masterLoss: undefined,
}

interface TopicRecord {
  readonly deletion?: TopicDeletion
  readonly registration?: TopicRegistration
}

const MAX_BROKERS = 1_024
const MAX_DEPARTURES_OF_BROKER = 8
const MAX_ADDRESSES = 8
const MAX_REJECTIONS = 256
/** Topics that were deleted or registered by operators. */
const MAX_CHANGED_TOPICS = 1_024
/** Names of topics that brokers took with them or dropped. */
const MAX_REMOVED_NAMES = 4_096
const MAX_REMOVALS = 512
const MAX_REMOVALS_OF_TOPIC = 4
/** Longer texts are cut; a topic's name is never longer. */
const MAX_CHARACTERS = 255

/**
 * What happened to brokers and topics that the route tables do not show any more, or do not say who did it. Of limited size: the
 * oldest is forgotten first.
 */
export class RouteHistory {
  readonly #nowMs: () => number
  readonly #brokers = new RecentMap<BrokerRecord>(MAX_BROKERS)
  readonly #topics = new RecentMap<TopicRecord>(MAX_CHANGED_TOPICS)
  readonly #rejections = new RecentMap<RegistrationRejection>(MAX_REJECTIONS)
  /** Newest last. */
  readonly #removed: RemovedTopics[] = []
  /** The same by the name of a topic, of different brokers. */
  readonly #removalsOf = new Map<string, readonly RemovedTopics[]>()
  #removedNames = 0
  /** The last of those whose names are not kept. */
  #forgotten: RemovedTopics | undefined
  #lastDeparture: Departure | undefined

  /** @param nowMs - A monotonic clock. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  onRouteEvent(event: RouteEvent): void {
    switch (event.kind) {
      case 'broker registered':
        this.#onRegistered(event.broker, event.topicChanges)
        this.#addRemoved('dropped', event.broker, event)
        return
      case 'broker listed':
        this.#onRegistered(event.broker, undefined)
        return
      case 'topics observed':
        this.#addRemoved(event.reason, event.broker, event)
        return
      case 'topics changed':
        this.#update(event.broker.brokerName, ({ past }) => ({
          past: past && { ...past, topicsChangedMs: this.#nowMs() },
        }))
        this.#addRemoved('dropped', event.broker, event)
        return
      case 'override ended':
        this.#update(event.broker.brokerName, () => ({ permission: undefined }))
        return
      case 'registration ignored': {
        const { broker, currentAddr, peer = '' } = event
        const reason = `id ${broker.brokerId} is held by ${currentAddr}, which has a newer stateVersion`
        this.onRegistrationRejected({ ...broker, by: peer, limit: undefined, reason })
        return
      }
      case 'broker unregistered':
        this.#onDeparture(event)
        this.#addRemoved(event.reason, event.broker, event)
        return
      default:
    }
  }

  /** Requests 205 and 327. */
  onPermissionChange(brokerName: string, change: Omit<PermissionChange, 'atMs'>): void {
    this.#update(brokerName, () => ({ permission: { ...change, atMs: this.#nowMs() } }))
  }

  /** Request 216. */
  onTopicDeleted(topic: string, deletion: Omit<TopicDeletion, 'atMs'>): void {
    const clusterName = deletion.clusterName && kept(deletion.clusterName)
    this.#updateTopic(topic, { deletion: { ...deletion, clusterName, atMs: this.#nowMs() } })
  }

  /** Request 217. */
  onTopicRegistered(topic: string, registration: Omit<TopicRegistration, 'atMs'>): void {
    this.#updateTopic(topic, { registration: { ...registration, atMs: this.#nowMs() } })
  }

  onRegistrationRejected(rejection: Omit<RegistrationRejection, 'atMs'>): void {
    const { by, limit, isDisputed } = rejection
    const brokerName = kept(rejection.brokerName)
    const brokerAddr = kept(rejection.brokerAddr)
    const reason = kept(rejection.reason)
    const atMs = this.#nowMs()
    this.#rejections.set(brokerName, { atMs, brokerName, brokerAddr, by, limit, isDisputed, reason })
  }

  /** Brokers of that name that left, newest last. */
  departures(brokerName: string): readonly Departure[] {
    return this.#brokers.get(kept(brokerName))?.departures ?? []
  }

  /** The departures of each broker name that is kept, newest last. */
  *allDepartures(): Generator<readonly Departure[]> {
    for (const [, { departures }] of this.#brokers.entries()) yield departures
  }

  /** Of any broker. */
  get lastDeparture(): Departure | undefined {
    return this.#lastDeparture
  }

  /** Undefined if the broker name had no master since the start of this server. */
  masterLoss(brokerName: string): MasterLoss | undefined {
    return this.#brokers.get(kept(brokerName))?.masterLoss
  }

  /** When a member registered last without being one. */
  memberSince(brokerName: string, brokerAddr: string): number | undefined {
    const members = this.#brokers.get(kept(brokerName))?.past?.members
    return members?.find((member) => member.brokerAddr === kept(brokerAddr))?.lastRegisteredMs
  }

  /** The broker name that an address, which is not registered, had last. */
  brokerNameAt(brokerAddr: string): string | undefined {
    let last: Departure | undefined
    for (const departures of this.allDepartures())
      for (const departure of departures)
        if (departure.brokerAddr === brokerAddr && departure.atMs >= (last?.atMs ?? 0)) last = departure
    return last?.brokerName
  }

  /** The last one since the broker name has queues, unless a registration has undone it. */
  permissionChange(brokerName: string): PermissionChange | undefined {
    return this.#brokers.get(kept(brokerName))?.permission
  }

  /** Undefined if no broker of that name has registered. */
  broker(brokerName: string): BrokerPast | undefined {
    return this.#brokers.get(kept(brokerName))?.past
  }

  topicDeletion(topic: string): TopicDeletion | undefined {
    return this.#topics.get(kept(topic))?.deletion
  }

  topicRegistration(topic: string): TopicRegistration | undefined {
    return this.#topics.get(kept(topic))?.registration
  }

  /** The last removals of a topic's queues on different broker names, newest last. */
  topicRemovals(topic: string): TopicRemoval[] {
    return (this.#removalsOf.get(topic) ?? []).map(({ names: _, topics: __, ...removal }) => removal)
  }

  /** The last removal of topics from a broker name that is kept. */
  removalFrom(brokerName: string): RemovedTopics | undefined {
    return this.#removed.findLast((removal) => removal.brokerName === kept(brokerName))
  }

  /** Removals of more topics than are known by name, newest last: any topic may have been among the last one or an earlier one. */
  unnamedRemovals(): RemovedTopics[] {
    const all = this.#forgotten === undefined ? this.#removed : [this.#forgotten, ...this.#removed]
    return all.filter(({ names, topics }) => names.length < topics)
  }

  /** The last registration of a broker name that was rejected. */
  rejection(brokerName: string): RegistrationRejection | undefined {
    return this.#rejections.get(kept(brokerName))
  }

  /** Of each broker name the last registration that was rejected, newest last. */
  rejections(): RegistrationRejection[] {
    return [...this.#rejections.entries()].map(([, rejection]) => rejection)
  }

  /** Estimated bytes of memory. */
  get bytes(): number {
    let bytes = 0
    for (const [name, { departures, past }] of this.#brokers.entries()) {
      bytes += RECORD_BYTES + 2 * name.length + departures.length * DEPARTURE_BYTES
      bytes += (past?.members.length ?? 0) * MEMBER_BYTES
    }
    for (const [topic] of this.#topics.entries()) bytes += RECORD_BYTES + 2 * topic.length
    for (const { brokerName, reason } of this.rejections())
      bytes += RECORD_BYTES + 2 * (brokerName.length + reason.length)
    for (const { names } of this.#removed) {
      bytes += RECORD_BYTES
      for (const name of names) bytes += NAME_BYTES + name.length
    }
    return bytes
  }

  #onRegistered({ brokerName, brokerId, ...broker }: BrokerIdentity, changes: TopicTally | undefined): void {
    const nowMs = this.#nowMs()
    const brokerAddr = kept(broker.brokerAddr)
    this.#update(brokerName, ({ past, masterAddr, masterLoss }) => ({
      masterAddr: brokerId === MASTER_ID ? brokerAddr : masterAddr,
      masterLoss:
        brokerId !== MASTER_ID && brokerAddr === masterAddr
          ? { atMs: nowMs, cause: 'role changed', brokerAddr }
          : masterLoss,
      past: {
        lastRegisteredMs: nowMs,
        members: withRegistration(past?.members ?? [], brokerAddr, brokerId, nowMs),
        topicsChangedMs: changes === undefined ? past?.topicsChangedMs : nowMs,
      },
    }))
  }

  #onDeparture(event: Extract<RouteEvent, { readonly kind: 'broker unregistered' }>): void {
    const { reason: cause, peer, topicChanges } = event
    const { brokerName, brokerId } = event.broker
    const topics = topicChanges?.counts.deleted ?? 0
    const departure = {
      atMs: this.#nowMs(),
      cause,
      clusterName: kept(event.broker.clusterName),
      brokerName: kept(brokerName),
      brokerAddr: kept(event.broker.brokerAddr),
      brokerId,
      peer,
      topics,
    }
    this.#lastDeparture = departure
    this.#update(brokerName, ({ departures, permission, masterLoss }) => ({
      masterLoss:
        brokerId === MASTER_ID
          ? { atMs: departure.atMs, cause, brokerAddr: departure.brokerAddr }
          : masterLoss,
      departures: [...departures, departure].slice(-MAX_DEPARTURES_OF_BROKER),
      // Its queues are gone, and when it comes back they are as it registers them.
      permission: topics > 0 ? undefined : permission,
    }))
  }

  #addRemoved(
    cause: TopicRemoval['cause'],
    { brokerName, brokerAddr }: Omit<BrokerIdentity, 'brokerId'>,
    {
      peer,
      topicChanges,
    }: { readonly peer?: string | undefined; readonly topicChanges?: TopicTally | undefined },
  ): void {
    const topics = topicChanges?.counts.deleted ?? 0
    if (topicChanges === undefined || topics === 0) return
    const names = topicChanges.firstNames.deleted.filter(({ length }) => length <= MAX_CHARACTERS)
    const broker = { brokerName: kept(brokerName), brokerAddr: kept(brokerAddr) }
    const removal = { atMs: this.#nowMs(), cause, ...broker, peer, names, topics }
    this.#removed.push(removal)
    this.#removedNames += names.length
    for (const name of names) {
      const others = (this.#removalsOf.get(name) ?? []).filter(
        (each) => each.brokerName !== broker.brokerName,
      )
      this.#removalsOf.set(name, [...others, removal].slice(-MAX_REMOVALS_OF_TOPIC))
    }
    while (this.#removedNames > MAX_REMOVED_NAMES || this.#removed.length > MAX_REMOVALS) this.#forgetOldest()
  }

  #forgetOldest(): void {
    const oldest = this.#removed.shift() as RemovedTopics
    this.#removedNames -= oldest.names.length
    this.#forgotten = { ...oldest, names: [] }
    for (const name of oldest.names) {
      const others = (this.#removalsOf.get(name) ?? []).filter((each) => each !== oldest)
      if (others.length === 0) this.#removalsOf.delete(name)
      else this.#removalsOf.set(name, others)
    }
  }

  #update(name: string, change: (record: BrokerRecord) => Partial<BrokerRecord>): void {
    const brokerName = kept(name)
    const record = this.#brokers.get(brokerName) ?? EMPTY
    this.#brokers.set(brokerName, { ...record, ...change(record) })
  }

  #updateTopic(name: string, change: TopicRecord): void {
    const topic = kept(name)
    this.#topics.set(topic, { ...this.#topics.get(topic), ...change })
  }
}

function withRegistration(
  members: readonly MemberPast[],
  brokerAddr: string,
  brokerId: bigint,
  nowMs: number,
): MemberPast[] {
  const known = members.find((member) => member.brokerAddr === brokerAddr)
  const member = {
    brokerAddr,
    brokerId,
    firstRegisteredMs: known?.firstRegisteredMs ?? nowMs,
    lastRegisteredMs: nowMs,
    registrations: (known?.registrations ?? 0) + 1,
  }
  return [...members.filter((each) => each !== known), member].slice(-MAX_ADDRESSES)
}

/** Estimates of what V8 uses for an entry without its texts. */
const RECORD_BYTES = 400
const DEPARTURE_BYTES = 500
const MEMBER_BYTES = 150
const NAME_BYTES = 100

/** A copy: a part of a longer text would keep that in memory. */
function kept(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : Buffer.from(text.slice(0, MAX_CHARACTERS)).toString()
}
