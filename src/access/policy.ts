import type { KeyObject } from 'node:crypto'
import type { ClientCertificate, Identity } from '../protocol/identity.ts'
import type { RequestGroup } from './request-groups.ts'

/** What rules decide by. */
export interface Asker {
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

/** What the policy says to a request, and where it says so. */
export interface Decision {
  readonly isAllowed: boolean
  /** The rule in words for people: `rule 3 (line 24)`, `profile default`. */
  readonly rule: string
}

/** An account that may sign requests. */
export interface Account {
  /** Its name is the access key. */
  readonly identity: Identity
  /** The secret, then the previous one while it is being changed. */
  readonly secrets: readonly KeyObject[]
  /** The networks from which its signatures count; undefined: all. */
  readonly from: { has(host: string): boolean } | undefined
  /** Whether its signatures count only over encrypted connections. */
  readonly requireTls: boolean
}

/** Who may do what. Never changes: a reload makes another one. */
export interface Policy {
  /** `off` asks nothing, `audit` lets pass and logs what `enforce` would reject. */
  readonly mode: 'enforce' | 'audit' | 'off'
  /** Groups that anyone may use for anything, from anywhere: their requests need no decision at all. */
  readonly openGroups: ReadonlySet<RequestGroup>
  /** By access key. */
  readonly accounts: ReadonlyMap<string, Account>
  /** The identity that a verified client certificate proves; undefined if it has no name. */
  certificateIdentity(certificate: ClientCertificate): Identity | undefined
  decide(asker: Asker, subject: RequestSubject): Decision
}
