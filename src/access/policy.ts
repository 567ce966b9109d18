import type { KeyObject } from 'node:crypto'
import type { ClientCertificate, Identity } from '../protocol/identity.ts'
import type { RequestGroup } from './request-groups.ts'

/** Where a request comes from, as far as rules look at it. */
export interface Origin {
  /** The IP address by which rules decide. @see ChannelRef.host */
  readonly host: string
  /** What the network `loopback` matches: stricter than the address, because a proxy may stand on this machine. */
  readonly isLoopback: boolean
  /** Whether the connection is encrypted. */
  readonly isTls: boolean
}

/** What rules decide by. */
export interface Asker extends Origin {
  /** Undefined is anonymous. */
  readonly identity: Identity | undefined
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

/** An account, which proves itself by the signatures of its requests. */
export interface Account {
  readonly identity: Identity
  /** The secret in effect and, while it is being changed, the previous one. */
  readonly secrets: readonly KeyObject[]
  /** Whether it may be used from there (`from`, `requireTls`). */
  admits(origin: Origin): boolean
}

/** Who may do what. Never changes: a reload makes another one. */
export interface Policy {
  /** `off` asks nothing, `audit` lets pass and logs what `enforce` would reject. */
  readonly mode: 'enforce' | 'audit' | 'off'
  /** Groups that anyone may use for anything, from anywhere: their requests need no decision at all. */
  readonly openGroups: ReadonlySet<RequestGroup>
  /** By access key. */
  readonly accounts: ReadonlyMap<string, Account>
  /** Whether any certificate is an identity. */
  readonly hasCertificates: boolean
  /** The identity of a verified client certificate; undefined if it has none. */
  identityOf(certificate: ClientCertificate): Identity | undefined
  decide(asker: Asker, subject: RequestSubject): Decision
}
