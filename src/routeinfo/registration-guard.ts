import { hostOf } from '../common/host-of.ts'
import { cutText } from '../common/log-throttle.ts'
import { shareOf } from '../common/shares.ts'
import type { Steps } from '../common/time-slicer.ts'
import type { TopicQueues } from '../protocol/body/topic-config.ts'
import type { BrokerData, QueueData } from '../protocol/body/topic-route-data.ts'
import { RemotingCommandError } from '../protocol/errors.ts'
import { type Origin, originOf, type RequestContext } from '../protocol/processor.ts'
import type { RemotingCommand } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { Registration } from './registration.ts'
import type { BrokerIdentity } from './route-changes.ts'
import { type BrokerLiveInfo, brokerKey, type ChannelId } from './route-tables.ts'
import type { RouteView } from './route-view.ts'
import type { RestoredBroker } from './snapshot/restored-routes.ts'

/**
 * What a request about a broker must not do.
 *
 * - `broker_id_taken`: register the name and id of a live broker of another owner
 * - `address_taken`: register its address
 * - `negative_broker_id`: register a negative id, which would be the min broker id
 * - `heartbeat_timeout`: name a heartbeat timeout beyond `maxHeartbeatTimeoutMillis`
 * - `announced_address`: announce an address at which each client would find its own machine
 * - `queue_count`: register a topic with more queues, on all brokers of the owner, than clients can hold
 * - `static_topic`: make a topic static that a live broker of another owner has as an ordinary one
 * - `group_flags`: set the flags of a group whose member with the min broker id has another owner
 * - `unregistration`, `heartbeat`, `topic`: remove, keep, or register a topic of, a live broker of another owner
 */
export const DISPUTE_RULES = [
  'broker_id_taken',
  'address_taken',
  'negative_broker_id',
  'heartbeat_timeout',
  'announced_address',
  'queue_count',
  'static_topic',
  'group_flags',
  'unregistration',
  'heartbeat',
  'topic',
] as const
export type DisputeRule = (typeof DISPUTE_RULES)[number]

/** Who sends a request about a broker. */
export interface Claimant {
  /** Account, certificate or network, as `account ops`; otherwise the IP address. */
  readonly owner: string
  /** Whether its identity has the role `broker`: brokers of owners without an identity are its own, too. */
  readonly hasBrokerRole?: boolean | undefined
  /** Whether it is on this machine. */
  readonly isLoopback: boolean
  readonly channelId: ChannelId
  /** `host:port` */
  readonly peer: string
  readonly by?: Origin | undefined
}

/** A broker with an owner: a live one, or one of the snapshot whose deadline is not over. */
export type OwnedBroker = Readonly<BrokerLiveInfo> | RestoredBroker

/** A request that breaks a rule. */
export interface Dispute {
  readonly rule: DisputeRule
  /** The broker that the request names. */
  readonly broker: Omit<BrokerIdentity, 'brokerId'>
  /** The live broker of another owner; undefined if the request breaks the rule by itself. */
  readonly live: OwnedBroker | undefined
  readonly claimant: Pick<Claimant, 'owner' | 'peer' | 'by'>
  /** What is wrong, without naming the other owner. */
  readonly reason: string
  /** Whether it is rejected; otherwise it is carried out, as with Java. */
  readonly isRejected: boolean
}

/** How requests are checked; read at every use. */
export interface RegistrationGuardOptions {
  /** `off` checks nothing, `log` reports, `refuse` rejects too. Default: `off`. */
  readonly mode?: 'off' | 'log' | 'refuse'
  /** Default: no limit. */
  readonly maxHeartbeatTimeoutMs?: number
  /** The name of the network that owns its brokers together; undefined if each address owns its own. */
  readonly networkOf?: (host: string) => string | undefined
  /** Whether each client would find its own machine at a host. Default: none is such. */
  readonly isLocalHost?: (host: string) => boolean
  readonly onDispute?: (dispute: Dispute) => void
}

const NO_MEMBERS: ReadonlyMap<bigint, string> = new Map()
/** A client makes an object of each queue of a topic; real topics have a few hundred on the brokers of an owner. */
const MAX_QUEUES = 65_536
/** Topics with at most these queues on a broker are not counted: `maxBrokers` limits them. */
const FEW_QUEUES = 64

/**
 * Protects live brokers from requests of others: each belongs to the owner that registered it, until it leaves or its heartbeat
 * timeout ends. Java lets anyone register, keep and remove any broker.
 *
 * Every check throws if it rejects the request.
 */
export class RegistrationGuard {
  readonly #view: RouteView
  readonly #options: RegistrationGuardOptions

  constructor(view: RouteView, options: RegistrationGuardOptions = {}) {
    this.#view = view
    this.#options = options
  }

  get #mode(): 'off' | 'log' | 'refuse' {
    return this.#options.mode ?? 'off'
  }

  /** Who sends a request: its identity if that is proven, otherwise its network. */
  claimantOf({ code }: RemotingCommand, context: RequestContext): Claimant {
    const { channel, identity } = context
    const { id: channelId, remoteAddress: peer, isLoopback, host } = channel
    const network = identity === undefined ? this.#options.networkOf?.(host) : undefined
    const anonymous = network === undefined ? host : `network ${network}`
    const owner = identity === undefined ? anonymous : `${identity.kind} ${identity.owner ?? identity.name}`
    const hasBrokerRole = identity?.roles.has('broker') === true
    return { owner, hasBrokerRole, isLoopback, channelId, peer, by: originOf(code, context) }
  }

  /**
   * The registered brokers that a request about one affects, whatever it calls them: the one at its address, and the members of the
   * group that has its name, which all clusters share.
   * @param brokerName - Null for a heartbeat: it does not affect the group.
   */
  affectedBy(clusterName: string, brokerAddr: string, brokerName: string | null): OwnedBroker[] {
    const affected = this.#brokersAt(brokerAddr).filter((broker) => broker.clusterName === clusterName)
    return brokerName === null ? affected : [...affected, ...this.membersOf(brokerName)]
  }

  /** The registered brokers of a name, of all clusters. */
  membersOf(brokerName: string): OwnedBroker[] {
    const brokers = [...this.#members(brokerName).values()].flatMap((addr) => this.#brokersAt(addr))
    return brokers.filter((broker) => broker.brokerName === brokerName)
  }

  /** @returns Whether a rule is broken: then an equal registration must be checked again. */
  *checkRegistration(registration: Registration): Steps<boolean> {
    const broken = this.#mode === 'off' ? undefined : yield* this.#brokenBy(registration)
    if (broken === undefined) return false
    this.#dispute(broken, registration, registration)
    return true
  }

  /** UNREGISTER_BROKER: it removes the address from its group, whichever cluster it names. */
  checkUnregistration(broker: Dispute['broker'], claimant: Claimant, nowMs: number): void {
    if (this.#mode === 'off') return
    const live = this.#liveOfAnother(broker.brokerAddr, claimant, nowMs)
    if (live === undefined) return
    const reason = `the live broker ${cutText(live.brokerAddr)} has another owner, which alone may unregister it`
    this.#dispute({ rule: 'unregistration', live, reason }, broker, claimant)
  }

  /** BROKER_HEARTBEAT and QUERY_DATA_VERSION. A broker past its timeout, too, is kept by its owner alone. */
  checkHeartbeat(clusterName: string, brokerAddr: string, claimant: Claimant): void {
    if (this.#mode === 'off') return
    const { tables, restored } = this.#view
    const live =
      tables.live(clusterName, brokerAddr) ?? restored?.brokers.get(brokerKey(clusterName, brokerAddr))
    if (live === undefined || isOwner(live, claimant)) return
    const reason = `the live broker ${cutText(brokerAddr)} has another owner, whose heartbeats alone count`
    this.#dispute({ rule: 'heartbeat', live, reason }, live, claimant)
  }

  /** REGISTER_TOPIC_IN_NAMESRV */
  checkTopic(topic: string, queueDatas: readonly QueueData[], claimant: Claimant, nowMs: number): void {
    if (this.#mode === 'off') return
    let count = 0
    for (const queueData of queueDatas) count += maxQueues(queueData)
    if (count > FEW_QUEUES) {
      const named = new Set(queueDatas.map(({ brokerName }) => brokerName))
      const source = sourceOfOwner(claimant.owner)
      count += this.#queuesOn(topic, (name) => {
        const owner = named.has(name) ? undefined : this.#leaderOf(name, nowMs)?.live.owner
        return !named.has(name) && (owner === undefined || sourceOfOwner(owner) === source)
      })
    }
    const excess = tooManyQueues(topic, count)
    if (excess !== undefined) {
      const broker = { clusterName: '', brokerName: queueDatas[0]?.brokerName ?? '', brokerAddr: '' }
      this.#dispute(excess, broker, claimant)
    }
    for (const { brokerName } of queueDatas) {
      const live = this.#leaderOfAnother(brokerName, claimant, nowMs)
      if (live === undefined) continue
      const reason = `${cutText(brokerName)} has another owner, which alone may register topics of it`
      this.#dispute({ rule: 'topic', live, reason }, live, claimant)
    }
  }

  /**
   * Whether a registration may make a topic static: clients then send to static queues alone. If not, the topic is registered as an
   * ordinary one. Brokers of different owners may share a static topic.
   */
  allowsMapping(topic: string, registration: Registration): boolean {
    if (this.#mode === 'off') return true
    const mappings = this.#view.mappings(topic)
    for (const brokerName of this.#view.queues(topic)?.keys() ?? []) {
      if (brokerName === registration.brokerName || mappings?.has(brokerName) === true) continue
      const live = this.#leaderOfAnother(brokerName, registration, registration.nowMs)
      if (live === undefined) continue
      const reason = `${cutText(topic)} of the live broker ${cutText(brokerName)} of another owner is no static topic`
      this.#report({ rule: 'static_topic', live, reason }, registration, registration)
      return this.#mode === 'log'
    }
    return true
  }

  /**
   * What a group gets from a registration. Java takes its flags from every one, and its cluster from the first, even from one that
   * is rejected afterwards; with `refuse` they follow the owner of the member with the min broker id, and change only with a
   * registration that is accepted.
   * @param known - The group in the live tables.
   */
  groupOf(
    registration: Registration,
    known: BrokerData | undefined,
    isAccepted: boolean,
  ): Omit<BrokerData, 'brokerAddrs'> {
    const { brokerName, brokerId, clusterName, zoneName, nowMs } = registration
    const enableActingMaster = registration.enableActingMaster === true
    const group = { cluster: known?.cluster ?? clusterName, brokerName, zoneName, enableActingMaster }
    const before = this.#view.restored?.groups.get(brokerName)?.shown ?? known
    if (this.#mode === 'off' || before === undefined) return group
    const leader = this.#leaderOf(brokerName, nowMs)
    const isOthers = leader !== undefined && brokerId >= leader.id && !isOwner(leader.live, registration)
    const isEqual = before.zoneName === zoneName && before.enableActingMaster === enableActingMaster
    if (isOthers && !isEqual) {
      const reason = `zoneName and enableActingMaster of ${cutText(brokerName)} are those of its member with the min broker id, which has another owner`
      this.#report({ rule: 'group_flags', live: leader.live, reason }, registration, registration)
    }
    if (this.#mode === 'log') return group
    if (isOthers || !isAccepted) return before
    return leader === undefined ? { ...group, cluster: clusterName } : group
  }

  *#brokenBy(registration: Registration): Steps<Broken | undefined> {
    const { brokerName, brokerId, brokerAddr, haServerAddr, heartbeatTimeoutMs, nowMs } = registration
    if (brokerId < 0) return { rule: 'negative_broker_id', reason: `brokerId ${brokerId} is negative` }
    const { maxHeartbeatTimeoutMs = Number.POSITIVE_INFINITY } = this.#options
    if (heartbeatTimeoutMs !== null && heartbeatTimeoutMs > maxHeartbeatTimeoutMs) {
      const reason = `heartbeatTimeoutMillis ${heartbeatTimeoutMs} exceeds maxHeartbeatTimeoutMillis (${maxHeartbeatTimeoutMs})`
      return { rule: 'heartbeat_timeout', reason }
    }
    const bad = registration.isLoopback
      ? undefined
      : [brokerAddr, haServerAddr ?? ''].find(
          (address) => this.#options.isLocalHost?.(hostOf(address)) === true,
        )
    if (bad !== undefined) {
      const reason = `${cutText(bad)} is an address of each client's own machine, and the broker is not on this one`
      return { rule: 'announced_address', reason }
    }
    const { names, queues } = registration.topicConfigTable
    let ownNames: ReadonlySet<string> | undefined
    for (const [index, topicQueues] of queues.entries()) {
      const topic = names[index] as string
      let count = maxQueues(topicQueues)
      if (count > FEW_QUEUES) {
        const own: ReadonlySet<string> = ownNames ?? this.#namesOf(registration.owner)
        ownNames = own
        count += this.#queuesOn(topic, (name) => name !== brokerName && own.has(name))
        yield
      }
      const excess = tooManyQueues(topic, count)
      if (excess !== undefined) return excess
    }
    for (const [topic, { totalQueues }] of registration.topicQueueMappingInfoMap) {
      const excess = tooManyQueues(topic, totalQueues)
      if (excess !== undefined) return excess
    }
    const live = this.#liveOfAnother(brokerAddr, registration, nowMs)
    if (live !== undefined) {
      return {
        rule: 'address_taken',
        live,
        reason: `${cutText(brokerAddr)} is the address of a live broker of another owner`,
      }
    }
    const holderAddr = this.#members(brokerName).get(brokerId)
    const holder =
      holderAddr === undefined ? undefined : this.#liveOfAnother(holderAddr, registration, nowMs, brokerName)
    if (holderAddr === undefined || holder === undefined) return undefined
    const reason = `brokerId ${brokerId} of ${cutText(brokerName)} is held by the live broker ${cutText(holderAddr)} of another owner`
    return { rule: 'broker_id_taken', live: holder, reason }
  }

  /** The names of brokers that come from the source of an owner. */
  #namesOf(owner: string): ReadonlySet<string> {
    const { tables, restored } = this.#view
    const source = sourceOfOwner(owner)
    const names = new Set<string>()
    for (const brokers of [tables.brokerLiveTable, restored?.brokers ?? new Map<string, RestoredBroker>()])
      for (const broker of brokers.values())
        if (broker.owner !== undefined && sourceOfOwner(broker.owner) === source) names.add(broker.brokerName)
    return names
  }

  #queuesOn(topic: string, isCounted: (brokerName: string) => boolean): number {
    let count = 0
    for (const [name, queueData] of this.#view.queues(topic) ?? [])
      if (isCounted(name)) count += maxQueues(queueData)
    return count
  }

  /** A broker at that address, alive and of another owner. */
  #liveOfAnother(
    brokerAddr: string,
    claimant: Claimant,
    nowMs: number,
    brokerName?: string,
  ): OwnedBroker | undefined {
    return this.#brokersAt(brokerAddr).find(
      (live) =>
        isAlive(live, nowMs) &&
        !isOwner(live, claimant) &&
        (brokerName === undefined || live.brokerName === brokerName),
    )
  }

  /** Restored brokers are checked as live ones: otherwise a restart would let anyone take their places. */
  #brokersAt(brokerAddr: string): readonly OwnedBroker[] {
    const { tables, restored } = this.#view
    const live = tables.liveAt(brokerAddr)
    return restored === undefined ? live : [...live, ...restored.brokersAt(brokerAddr)]
  }

  #members(brokerName: string): ReadonlyMap<bigint, string> {
    const { tables, restored } = this.#view
    const live = tables.brokerAddrTable.get(brokerName)?.brokerAddrs ?? NO_MEMBERS
    const others = restored?.groups.get(brokerName)?.members
    return others === undefined ? live : new Map([...others, ...live])
  }

  #aliveAt(brokerAddr: string, brokerName: string, nowMs: number): OwnedBroker[] {
    return this.#brokersAt(brokerAddr).filter(
      (live) => live.brokerName === brokerName && isAlive(live, nowMs),
    )
  }

  /** The member that decides about a broker name: of those that are alive, the one with the min broker id. */
  #leaderOf(
    brokerName: string,
    nowMs: number,
  ): { readonly id: bigint; readonly live: OwnedBroker } | undefined {
    let leader: { id: bigint; live: OwnedBroker } | undefined
    for (const [id, addr] of this.#members(brokerName)) {
      const [live] = this.#aliveAt(addr, brokerName, nowMs)
      if (live !== undefined && (leader === undefined || id < leader.id)) leader = { id, live }
    }
    return leader
  }

  /** That member, if its owner is another. */
  #leaderOfAnother(brokerName: string, claimant: Claimant, nowMs: number): OwnedBroker | undefined {
    const live = this.#leaderOf(brokerName, nowMs)?.live
    return live === undefined || isOwner(live, claimant) ? undefined : live
  }

  /** @throws {RemotingCommandError} `NO_PERMISSION`, with `refuse` */
  #dispute(broken: Broken, broker: Dispute['broker'], claimant: Dispute['claimant']): void {
    this.#report(broken, broker, claimant)
    if (this.#mode !== 'refuse') return
    const remark = `registrationGuard: ${broken.reason} (rule ${broken.rule})`
    throw new RemotingCommandError(ResponseCode.NO_PERMISSION, remark)
  }

  #report({ rule, live, reason }: Broken, broker: Dispute['broker'], claimant: Dispute['claimant']): void {
    const { clusterName, brokerName, brokerAddr } = broker
    const { owner, peer, by } = claimant
    this.#options.onDispute?.({
      rule,
      broker: { clusterName, brokerName, brokerAddr },
      live,
      claimant: { owner, peer, by },
      reason,
      isRejected: this.#mode === 'refuse',
    })
  }
}

/** A rule that a request breaks. */
type Broken = Pick<Dispute, 'rule' | 'reason'> & { readonly live?: OwnedBroker }

/**
 * Whether a live broker is the sender's own. What one connection registered, and what announces the sender's address without a
 * proof, stays its own when accounts or networks change.
 */
export function isOwner(broker: OwnedBroker, { owner, hasBrokerRole, channelId, by }: Claimant): boolean {
  if ('channelId' in broker && broker.channelId === channelId) return true
  if (broker.owner === owner || broker.owner === undefined) return true
  return !isProvenOwner(broker.owner) && (hasBrokerRole === true || by?.host === hostOf(broker.brokerAddr))
}

/** Whether an owner is an account or a certificate, not a network or an address. */
export function isProvenOwner(owner: string): boolean {
  return /^(account|certificate) /.test(owner)
}

/** Where limits per address apply, the addresses of one machine are one. */
function sourceOfOwner(owner: string): string {
  return shareOf(owner) ?? owner
}

function isAlive(broker: OwnedBroker, nowMs: number): boolean {
  if ('deadlineMs' in broker) return broker.deadlineMs >= nowMs
  return broker.lastUpdateTimestampMs + broker.heartbeatTimeoutMs >= nowMs
}

function maxQueues({ readQueueNums, writeQueueNums }: TopicQueues): number {
  return Math.max(readQueueNums, writeQueueNums)
}

function tooManyQueues(topic: string, count: number): Broken | undefined {
  if (count <= MAX_QUEUES) return undefined
  const reason = `${cutText(topic)} would have ${count} queues on brokers of this owner, more than ${MAX_QUEUES}`
  return { rule: 'queue_count', reason }
}
