import type { KeyObject } from 'node:crypto'
import type { CertificateNames, Identity } from '../protocol/identity.ts'
import type { RequestGroup } from './request-groups.ts'

/** What rules decide by. */
export interface Sender {
  /** Undefined is anonymous. */
  readonly identity: Identity | undefined
  /** The IP address by which rules decide. @see ChannelRef.host */
  readonly host: string
  /** Whether the connection is encrypted. */
  readonly isTls: boolean
}

/** What a request is about, as far as rules look at it; null where the request has no such field. */
export interface RequestSubject {
  readonly group: RequestGroup
  readonly clusterName: string | null
  readonly brokerName: string | null
  readonly topic: string | null
  /** The addresses that a registration announces, `host:port`. */
  readonly announced: readonly string[]
}

/** The decision on a request, and the rule behind it. */
export interface Decision {
  readonly isAllowed: boolean
  /** False if it is rejected because no rule matches. */
  readonly isMatched: boolean
  /** The rule in words for people: `rule 3 (line 24)`, `profile default`. */
  readonly rule: string
}

/** An account that may sign requests. */
export interface Account {
  /** Its name is the access key. */
  readonly identity: Identity
  /** The secret, then the previous one while it is being changed. */
  readonly secrets: readonly KeyObject[]
  /** Whether its signatures prove it from this address (`from`), over such a connection (`requireTls`). Never as `notifyAccessKey`. */
  isUsableFrom(host: string, isTls: boolean): boolean
}

/** `off`: not checked; `log`: let pass and report; `refuse`: reject. */
export const GUARD_MODES = ['off', 'log', 'refuse'] as const
export type GuardMode = (typeof GUARD_MODES)[number]

/** The section `guard` of the access file. Undefined: not set there. */
export interface GuardSettings {
  /** A registration for a live broker name and id, or address, of another owner. */
  readonly takeOver: GuardMode | undefined
  readonly maxHeartbeatTimeoutMillis: number | undefined
}

/** A number of events in a period. */
export interface Rate {
  readonly count: number
  readonly periodMs: number
}

/** What the section `rates` of the access file limits. */
export const RATE_KINDS = ['connections', 'handshakes', 'lookups', 'other', 'failures'] as const
export type RateKind = (typeof RATE_KINDS)[number]

/** An entry of the section `rates`. A kind that is left out is not limited by it. */
export interface RateLimits {
  readonly per: 'address' | 'identity'
  readonly rates: { readonly [Kind in RateKind]?: Rate }
}

/** `off` checks nothing, `audit` lets pass and logs what `enforce` would reject. */
export const POLICY_MODES = ['enforce', 'audit', 'off'] as const
export type PolicyMode = (typeof POLICY_MODES)[number]

/** Ready-made rules; those of the access file come before them. */
export const PROFILES = ['open', 'default', 'guarded', 'strict'] as const
export type ProfileName = (typeof PROFILES)[number]

/** Who may do what. Never changes: a reload makes another one. */
export interface Policy {
  readonly profile: ProfileName
  readonly mode: PolicyMode
  /** Groups that anyone may use for anything, from anywhere: their requests need no decision at all. With `off`: all groups. */
  readonly openGroups: ReadonlySet<RequestGroup>
  /** By access key. */
  readonly accounts: ReadonlyMap<string, Account>
  readonly guard: GuardSettings
  readonly rates: readonly RateLimits[]
  /** The identity that a verified client certificate proves; undefined if it has no name. */
  certificateIdentity(names: CertificateNames): Identity | undefined
  /** The first named network of the access file that an address is in, or `loopback`. */
  networkOf(host: string): string | undefined
  /** The same, but only of networks from which a rule allows the group register: their brokers belong together. */
  brokerNetworkOf(host: string): string | undefined
  decide(sender: Sender, subject: RequestSubject): Decision
  /**
   * Of a request that no rule of the file matches: the first rule that would allow it to this sender, and what that rule does not
   * list, such as `rule 1 (line 20) would allow it but for announce: 192.0.2.1:10911`; undefined without such a rule.
   */
  nearMiss(sender: Sender, subject: RequestSubject): string | undefined
}

/** The policy in effect. */
export interface AccessPolicies {
  readonly current: Policy
  /** Calls the listener after each change of the policy. */
  onChange(listener: (policy: Policy) => void): void
}
