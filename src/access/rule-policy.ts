import { hostOf } from '../common/host-of.ts'
import { cutText } from '../common/log-throttle.ts'
import { LOOPBACK, type Networks } from '../common/networks.ts'
import { visible } from '../common/visible.ts'
import type { CertificateNames, Identity } from '../protocol/identity.ts'
import type { NamePatterns } from './name-patterns.ts'
import type {
  Account,
  Decision,
  GuardSettings,
  Policy,
  PolicyMode,
  ProfileName,
  RateLimits,
  RequestSubject,
  Sender,
} from './policy.ts'
import { REQUEST_GROUPS, type RequestGroup } from './request-groups.ts'

/** Which identities a rule is about. */
export interface Who {
  readonly by: 'account' | 'role' | 'certificate'
  readonly names: NamePatterns
}

/** The names of a request that rules can be limited to. */
export const NAME_KINDS = ['clusters', 'brokers', 'topics'] as const
export type NameKind = (typeof NAME_KINDS)[number]

/** A rule. What is left out is not limited. */
export interface Rule {
  /** For people: `rule 3 (line 24)`. */
  readonly label: string
  readonly isAllow: boolean
  readonly groups: readonly RequestGroup[]
  readonly who?: Who | undefined
  readonly from?: Networks | undefined
  readonly names?: { readonly [Kind in NameKind]?: NamePatterns | undefined }
  /** Where the addresses that a registration announces must be. */
  readonly announce?: Networks | undefined
}

/** An entry of `certificates`: the roles of certificates that have such a name. */
export interface CertificateRoles {
  readonly commonName: NamePatterns | undefined
  readonly subjectAltName: NamePatterns | undefined
  readonly roles: readonly string[]
}

/** What a policy consists of. */
export interface PolicyParts {
  readonly profile: ProfileName
  readonly mode: PolicyMode
  /** In the order in which they are asked. */
  readonly rules: readonly Rule[]
  readonly accounts: ReadonlyMap<string, Account>
  readonly certificates: readonly CertificateRoles[]
  readonly networks: ReadonlyMap<string, Networks>
  /** What `loopback` stands for. */
  readonly loopback: Networks
  readonly guard: GuardSettings
  readonly rates: readonly RateLimits[]
}

/** A profile without a file. */
export const NO_PARTS: Omit<PolicyParts, 'profile' | 'rules'> = {
  mode: 'enforce',
  accounts: new Map(),
  certificates: [],
  networks: new Map(),
  loopback: LOOPBACK,
  guard: { takeOver: undefined, maxHeartbeatTimeoutMillis: undefined },
  rates: [],
}

/** A policy of rules: the first one that matches decides; if none matches, the request is rejected. */
export class RulePolicy implements Policy {
  readonly profile: ProfileName
  readonly mode: PolicyMode
  readonly openGroups: ReadonlySet<RequestGroup>
  readonly accounts: ReadonlyMap<string, Account>
  readonly guard: GuardSettings
  readonly rates: readonly RateLimits[]
  readonly rules: readonly Rule[]
  readonly #parts: PolicyParts
  readonly #rulesOf: ReadonlyMap<RequestGroup, readonly Rule[]>
  readonly #decisions: ReadonlyMap<Rule, Decision>
  readonly #noMatch: Decision

  constructor(parts: PolicyParts) {
    const { profile, mode, accounts, guard, rates, rules } = parts
    this.profile = profile
    this.mode = mode
    this.accounts = accounts
    this.guard = guard
    this.rates = rates
    this.rules = rules
    this.#parts = parts
    this.#rulesOf = new Map(
      REQUEST_GROUPS.map((group) => [group, rules.filter(({ groups }) => groups.includes(group))]),
    )
    this.#decisions = new Map(
      rules.map((rule) => [rule, { isAllowed: rule.isAllow, isMatched: true, rule: rule.label }]),
    )
    this.#noMatch = { isAllowed: false, isMatched: false, rule: `profile ${profile}` }
    this.openGroups = new Set(
      REQUEST_GROUPS.filter((group) => mode === 'off' || isOpen(this.#rulesOf.get(group) ?? [])),
    )
  }

  /** Whether it has rules or roles for client certificates. */
  get namesCertificates(): boolean {
    return this.#parts.certificates.length > 0 || this.rules.some(({ who }) => who?.by === 'certificate')
  }

  decide(sender: Sender, subject: RequestSubject): Decision {
    for (const rule of this.#rulesOf.get(subject.group) ?? []) {
      if (matches(rule, sender, subject)) return this.#decisions.get(rule) as Decision
    }
    return this.#noMatch
  }

  nearMiss(sender: Sender, subject: RequestSubject): string | undefined {
    for (const rule of this.#rulesOf.get(subject.group) ?? []) {
      if (!rule.isAllow || !isAbout(rule, sender)) continue
      const limits = unmetLimits(rule, subject)
      if (limits.length > 0) return `${rule.label} would allow it but for ${limits.join(', ')}`
    }
    return undefined
  }

  /** The rule for everyone that decides a group in the same way without this rule; undefined if this rule matters. */
  overruling(rule: Rule, group: RequestGroup): Rule | undefined {
    const rules = this.#rulesOf.get(group) ?? []
    const last = rules.findIndex(isForEveryone)
    const decisive = rules[last]
    if (decisive === undefined || decisive === rule) return undefined
    const between = rules.slice(rules.indexOf(rule), last)
    return between.every(({ isAllow }) => isAllow === decisive.isAllow) ? decisive : undefined
  }

  certificateIdentity(names: CertificateNames): Identity | undefined {
    const { commonName, subjectAltNames } = names
    const name = commonName ?? subjectAltNames[0]
    if (name === undefined) return undefined
    const entries = this.#parts.certificates.filter((entry) => isCertificateOf(names, entry))
    const ofBrokers = entries.find(({ roles }) => roles.includes('broker'))
    const owner = ofBrokers && patternsOf(ofBrokers).join(' ')
    return { kind: 'certificate', name, roles: new Set(entries.flatMap(({ roles }) => roles)), owner }
  }

  networkOf(host: string): string | undefined {
    const { networks, loopback } = this.#parts
    const named = [...networks].find(([, network]) => network.has(host))?.[0]
    return named ?? (loopback.has(host) ? 'loopback' : undefined)
  }

  brokerNetworkOf(host: string): string | undefined {
    for (const { isAllow, from } of this.#rulesOf.get('register') ?? []) {
      const name = isAllow ? from?.nameOf(host) : undefined
      if (name !== undefined) return name
    }
    return undefined
  }
}

/** Whether these rules allow everything to everyone: rules before the one that does so may only allow. */
function isOpen(rules: readonly Rule[]): boolean {
  const last = rules.findIndex(isForEveryone)
  return last >= 0 && rules.slice(0, last + 1).every(({ isAllow }) => isAllow)
}

function isForEveryone({ who, from, names = {}, announce }: Rule): boolean {
  return [who, from, announce, ...Object.values(names)].every((limit) => limit === undefined)
}

function matches(rule: Rule, sender: Sender, subject: RequestSubject): boolean {
  const { announce, names } = rule
  if (!isAbout(rule, sender)) return false
  if (announce !== undefined && !subject.announced.every((address) => isAddressIn(announce, address)))
    return false
  if (names === undefined) return true
  return NAME_KINDS.every((kind) => isNamed(rule, names[kind], nameIn(subject, kind), subject.group))
}

/** Whether a rule is about requests of this sender. */
function isAbout({ who, from }: Rule, { identity, host }: Sender): boolean {
  return (who === undefined || isIdentified(identity, who)) && (from === undefined || from.has(host))
}

function nameIn({ clusterName, brokerName, topic }: RequestSubject, kind: NameKind): string | null {
  return { clusters: clusterName, brokers: brokerName, topics: topic }[kind]
}

/** A longer name is cut where a limit is explained. */
const MAX_EXPLAINED_CHARACTERS = 100

/** The limits of a rule that a request does not meet, each with what the request has: `brokers: broker-x`. */
function unmetLimits(rule: Rule, subject: RequestSubject): string[] {
  const { announce, names } = rule
  const outside = subject.announced.find(
    (address) => announce !== undefined && !isAddressIn(announce, address),
  )
  const unnamed = NAME_KINDS.filter(
    (kind) => !isNamed(rule, names?.[kind], nameIn(subject, kind), subject.group),
  ).map((kind): [string, string | null] => [kind, nameIn(subject, kind)])
  const unmet = outside === undefined ? unnamed : [['announce', outside] as const, ...unnamed]
  return unmet.map(([limit, value]) => {
    const shown = value === null ? 'it names none' : visible(cutText(value, MAX_EXPLAINED_CHARACTERS))
    return `${limit}: ${shown}`
  })
}

/** Whether an announced address is `IP:port` in a network; resolvers may look up an address with a zone as a name. */
function isAddressIn(networks: Networks, address: string): boolean {
  const [, host = '', port] = /^(.*):(\d{1,5})$/.exec(address) ?? []
  return !host.includes('%') && Number(port) >= 1 && Number(port) <= 65_535 && networks.has(hostOf(address))
}

/** Whether an identity is one of those that a rule is about. */
export function isIdentified(identity: Identity | undefined, { by, names }: Who): boolean {
  if (identity === undefined) return false
  if (by === 'role') return [...identity.roles].some((role) => names.has(role))
  return identity.kind === by && names.has(identity.name)
}

/**
 * Groups whose requests match a rule by the names that they have: a lookup has no broker name, and brokers need lookups. In the
 * other groups a rule that allows does not match a request without such a name, and a rule that denies does: it may be about all.
 */
const PARTLY_NAMED: ReadonlySet<RequestGroup> = new Set(['lookup', 'list', 'register'])

function isNamed(
  { isAllow }: Rule,
  patterns: NamePatterns | undefined,
  name: string | null,
  group: RequestGroup,
): boolean {
  if (patterns === undefined) return true
  return name === null ? isAllow === PARTLY_NAMED.has(group) : patterns.has(name)
}

function patternsOf({ commonName, subjectAltName }: CertificateRoles): readonly string[] {
  return [commonName, subjectAltName].flatMap((names) => names?.patterns ?? [])
}

/** Whether a certificate is of an entry. */
function isCertificateOf(
  { commonName, subjectAltNames }: CertificateNames,
  entry: CertificateRoles,
): boolean {
  if (entry.commonName !== undefined && (commonName === null || !entry.commonName.has(commonName)))
    return false
  const { subjectAltName } = entry
  return subjectAltName === undefined || subjectAltNames.some((name) => subjectAltName.has(name))
}
