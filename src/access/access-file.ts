import { hintFor } from '../common/nearest-name.ts'
import { LOOPBACK, Networks, rangesOf } from '../common/networks.ts'
import { AccountReader, type SecretSource } from './account-reader.ts'
import { NamePatterns } from './name-patterns.ts'
import {
  GUARD_MODES,
  type GuardSettings,
  POLICY_MODES,
  PROFILES,
  type ProfileName,
  RATE_KINDS,
  type RateKind,
  type RateLimits,
} from './policy.ts'
import { profileRules } from './profiles.ts'
import { canReachAdmin } from './reachable-admin.ts'
import { REQUEST_GROUPS, type RequestGroup } from './request-groups.ts'
import {
  type CertificateRoles,
  isIdentified,
  NAME_KINDS,
  type NameKind,
  type Rule,
  RulePolicy,
  type Who,
} from './rule-policy.ts'
import { type FileNote, type YamlEntry, type YamlNode, YamlReader } from './yaml-reader.ts'

export interface AccessFileOptions {
  /** For a file without `profile`. */
  readonly profile: ProfileName
  /** The account that signs what brokers receive. They could send it back, so its signatures prove nothing. Default: none. */
  readonly notifyAccessKey?: string
  /** @throws {Error} The secret cannot be read; the message continues a sentence that begins with its source. */
  readonly readSecret: (source: SecretSource) => string
}

/** An access file that has been read. */
export interface AccessFile {
  /** Undefined if there are problems. */
  readonly policy: RulePolicy | undefined
  /** Why the file cannot be used: all reasons, in the order of the lines. */
  readonly problems: readonly FileNote[]
  readonly warnings: readonly FileNote[]
  /** Paths of `secretFile` and `previousSecretFile`, as they are written. */
  readonly secretFiles: readonly string[]
  /** Whether a secret stands in the file itself. */
  readonly hasSecrets: boolean
}

/** Reads an access file. Never throws. @param text - YAML; a `plain_acl.yml` is valid. */
export function readAccessFile(text: string, options: AccessFileOptions): AccessFile {
  return new AccessFileReader(text, options).read()
}

const TOP_KEYS = [
  'mode',
  'profile',
  'loopback',
  'networks',
  'accounts',
  'certificates',
  'rules',
  'guard',
  'rates',
  'globalWhiteRemoteAddresses',
  // Of mqadmin's updates of a plain_acl.yml.
  'dataVersion',
] as const

/** Of these, what a `plain_acl.yml` may have without a value. */
const PLAIN_ACL_KEYS = ['accounts', 'globalWhiteRemoteAddresses', 'dataVersion'] as const

/**
 * Groups that a limit would not mean what it says for: their requests name no such thing, or (the topics of a registration) only in
 * their body.
 */
const UNNAMED: Readonly<Record<NameKind, readonly RequestGroup[]>> = {
  clusters: ['config', 'inspect'],
  brokers: ['config', 'inspect'],
  topics: ['list', 'register', 'config', 'inspect'],
}

/** Groups that change or show the server: not for accounts whose secret is published. */
const POWERS: readonly RequestGroup[] = ['admin', 'config', 'inspect']

const PERIODS_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 }

class AccessFileReader {
  readonly #yaml: YamlReader
  readonly #options: AccessFileOptions
  readonly #accounts: AccountReader
  readonly #networks = new Map<string, Networks>()
  readonly #certificates: CertificateRoles[] = []
  /** What `rates` has limited so far, such as `other per address`. */
  readonly #limited = new Set<string>()
  /** Of all networks that are named anywhere. */
  readonly #edges: string[] = []
  #loopback = LOOPBACK

  constructor(text: string, options: AccessFileOptions) {
    this.#yaml = new YamlReader(text)
    this.#options = options
    this.#accounts = new AccountReader(this.#yaml, options, (node, what) => this.#networksOf(node, what))
  }

  read(): AccessFile {
    const { root } = this.#yaml
    const policy = root === null ? undefined : this.#policy(root)
    const { problems, warnings } = this.#yaml
    return {
      policy: problems.length === 0 ? policy : undefined,
      problems,
      warnings,
      secretFiles: this.#accounts.secretFiles,
      hasSecrets: this.#accounts.hasSecrets,
    }
  }

  #policy(root: NonNullable<YamlNode>): RulePolicy | undefined {
    const yaml = this.#yaml
    const top = yaml.section(root, 'the access file', TOP_KEYS, PLAIN_ACL_KEYS)
    const profile = top.profile && yaml.word(top.profile.value, 'profile', PROFILES)
    const mode = top.mode && yaml.word(top.mode.value, 'mode', POLICY_MODES)
    if (top.loopback && yaml.word(top.loopback.value, 'loopback', ['none', 'local']) === 'none')
      this.#loopback = new Networks([])
    // In this order: what is named comes before what names it.
    if (top.networks) this.#readNetworks(top.networks)
    if (top.globalWhiteRemoteAddresses)
      this.#accounts.readWhiteList(top.globalWhiteRemoteAddresses, 'globalWhiteRemoteAddresses')
    const itemsOf = (entry: YamlEntry | undefined, what: string) =>
      entry ? yaml.items(entry.value, what, 'or none') : []
    for (const node of itemsOf(top.accounts, 'accounts')) this.#accounts.read(node)
    for (const node of itemsOf(top.certificates, 'certificates')) this.#readCertificate(node)
    const ruleNodes = itemsOf(top.rules, 'rules')
    const rules = ruleNodes.map((node, index) => this.#rule(node, index + 1))
    const rates = itemsOf(top.rates, 'rates').flatMap((node) => this.#rate(node) ?? [])
    const inEffect = profile ?? this.#options.profile
    const policy = new RulePolicy({
      profile: inEffect,
      mode: mode ?? 'enforce',
      // The other profiles open lookups and lists to everyone.
      rules: [
        ...rules,
        ...(inEffect === 'strict' ? this.#accounts.plainRules : []),
        ...profileRules(inEffect, this.#loopback),
      ],
      accounts: this.#accounts.accounts,
      certificates: this.#certificates,
      networks: this.#networks,
      loopback: this.#loopback,
      guard: this.#guard(top.guard),
      rates,
    })
    this.#checkUse(policy)
    for (const [index, node] of ruleNodes.entries()) this.#checkEffect(policy, rules[index] as Rule, node)
    // Other problems may be the reason.
    if (
      yaml.problems.length === 0 &&
      inEffect === 'strict' &&
      !canReachAdmin(policy, this.#certificates, this.#edges)
    )
      yaml.problem(
        top.profile?.value ?? root,
        'profile strict needs an admin: no account, certificate or network may use the group admin for everything',
      )
    return policy
  }

  #readNetworks({ value }: YamlEntry): void {
    const yaml = this.#yaml
    for (const [name, entry] of yaml.mapping(value, 'networks')) {
      if (name === 'loopback' || rangesOf(name).length > 0)
        yaml.problem(entry.key, `${JSON.stringify(name)} cannot be the name of a network`)
      const networks = this.#networksOf(entry.value, `network ${name}`)
      this.#networks.set(name, networks)
    }
  }

  /** Networks, or names of networks, of a list. */
  #networksOf(node: NonNullable<YamlNode>, what: string): Networks {
    const yaml = this.#yaml
    const included = new Map<string, Networks>()
    const ranges = yaml.items(node, what).flatMap((item) => {
      const text = yaml.text(item, what)
      if (text === undefined) return []
      const named = text === 'loopback' ? this.#loopback : this.#networks.get(text)
      if (named !== undefined) {
        included.set(text, named)
        return []
      }
      const found = rangesOf(text)
      if (found.length === 0) {
        const hint = hintFor(text, ['loopback', ...this.#networks.keys()])
        yaml.problem(item, `${what}: ${JSON.stringify(text)} is neither a network nor the name of one${hint}`)
      }
      return found
    })
    const networks = new Networks(ranges, included)
    this.#edges.push(...networks.edges)
    return networks
  }

  #readCertificate(node: NonNullable<YamlNode>): void {
    const yaml = this.#yaml
    const entry = yaml.section(node, 'a certificate', ['commonName', 'subjectAltName', 'roles'] as const)
    const patterns = (given: YamlEntry | undefined, what: string): NamePatterns | undefined =>
      given && new NamePatterns(yaml.texts(given.value, what))
    const commonName = patterns(entry.commonName, 'commonName')
    const subjectAltName = patterns(entry.subjectAltName, 'subjectAltName')
    if (commonName === undefined && subjectAltName === undefined)
      yaml.problem(node, 'a certificate needs commonName or subjectAltName')
    if (entry.roles === undefined) yaml.problem(node, 'a certificate needs roles')
    const roles = entry.roles ? yaml.texts(entry.roles.value, 'roles') : []
    if (
      entry.commonName &&
      subjectAltName === undefined &&
      commonName?.patterns.includes('*') &&
      roles.includes('admin')
    )
      yaml.warning(
        entry.commonName.value,
        'every client with a certificate of tls.server.trustCertPath is an admin',
      )
    for (const name of subjectAltName?.patterns ?? [])
      if (!/^(DNS|URI|IP Address|email):/.test(name))
        yaml.problem(
          entry.subjectAltName?.value ?? node,
          `subjectAltName ${JSON.stringify(name)} must begin with DNS:, URI:, IP Address: or email:`,
        )
    this.#certificates.push({
      commonName,
      subjectAltName,
      roles,
    })
  }

  #rule(node: NonNullable<YamlNode>, number: number): Rule {
    const yaml = this.#yaml
    const label = `rule ${number} (line ${yaml.lineOf(node)})`
    const keys = ['allow', 'deny', 'who', 'from', ...NAME_KINDS, 'announce'] as const
    const rule = yaml.section(node, `rule ${number}`, keys)
    const { allow, deny, who, from, announce } = rule
    const list = allow ?? deny
    if (list === undefined || (allow && deny)) yaml.problem(node, `rule ${number} needs either allow or deny`)
    const groups = list === undefined ? [] : this.#groups(list, number)
    const names: { [Kind in NameKind]?: NamePatterns } = {}
    for (const kind of NAME_KINDS) {
      const entry = rule[kind]
      if (entry === undefined) continue
      names[kind] = new NamePatterns(yaml.texts(entry.value, kind))
      const unnamed = groups.filter((group) => UNNAMED[kind].includes(group))
      if (unnamed.length > 0)
        yaml.problem(
          entry.key,
          `${kind} cannot limit the group ${unnamed.join(' or ')}; make another rule for it`,
        )
    }
    if (announce && (deny || !groups.includes('register')))
      yaml.problem(announce.key, 'announce limits registrations: it belongs to a rule that allows register')
    return {
      label,
      isAllow: allow !== undefined,
      groups,
      who: who && this.#who(who, allow === undefined ? 'deny' : groups),
      from: from && this.#networksOf(from.value, `from of rule ${number}`),
      ...(Object.keys(names).length > 0 && { names }),
      announce: announce && this.#networksOf(announce.value, `announce of rule ${number}`),
    }
  }

  #groups({ key, value }: YamlEntry, number: number): RequestGroup[] {
    const yaml = this.#yaml
    const what = `group of rule ${number}`
    const groups = yaml.items(value, what).flatMap((item) => yaml.word(item, what, REQUEST_GROUPS) ?? [])
    const twice = groups.find((group, index) => groups.indexOf(group) !== index)
    if (twice !== undefined) yaml.problem(key, `rule ${number} has the group ${twice} twice`)
    return groups
  }

  /** @param allowed - The groups that the rule allows. */
  #who({ value }: YamlEntry, allowed: readonly RequestGroup[] | 'deny'): Who | undefined {
    const yaml = this.#yaml
    const given = Object.entries(yaml.section(value, 'who', ['account', 'role', 'certificate'] as const))
    const [first, second] = given
    if (first === undefined || second !== undefined)
      return yaml.problem(value, 'who needs one of account, role and certificate')
    const [by, entry] = first as ['account' | 'role' | 'certificate', YamlEntry]
    const patterns = yaml.texts(entry.value, by)
    if (by === 'account') this.#checkAccounts(patterns, entry.value)
    if (by === 'role') this.#checkRoles(patterns, entry.value, allowed === 'deny')
    const who = { by, names: new NamePatterns(patterns) }
    const published = [...this.#accounts.accounts.values()].find(
      ({ identity, isPublished }) => isPublished && isIdentified(identity, who),
    )
    const powers = POWERS.filter((group) => allowed !== 'deny' && allowed.includes(group))
    if (published !== undefined && powers.length > 0)
      yaml.problem(
        value,
        `account ${published.identity.name} cannot have the group ${powers.join(', ')}: its secret is published; change it`,
      )
    return who
  }

  #checkAccounts(patterns: readonly string[], node: NonNullable<YamlNode>): void {
    const names = [...this.#accounts.accounts.keys()]
    for (const pattern of withoutMatch(patterns, names))
      this.#yaml.problem(node, `there is no account ${JSON.stringify(pattern)}${hintFor(pattern, names)}`)
  }

  /** Without effect, a rule that allows keeps a door shut, and one that denies leaves it open. */
  #checkRoles(patterns: readonly string[], node: NonNullable<YamlNode>, isDeny: boolean): void {
    const given = [...this.#accounts.accounts.values()].flatMap(({ identity }) => [...identity.roles])
    const roles = [...given, ...this.#certificates.flatMap((entry) => entry.roles)]
    for (const pattern of withoutMatch(patterns, roles)) {
      const message = `no account and no certificate has the role ${JSON.stringify(pattern)}${hintFor(pattern, roles)}`
      if (isDeny) this.#yaml.problem(node, message)
      else this.#yaml.warning(node, message)
    }
  }

  #checkUse({ rules, profile }: RulePolicy): void {
    for (const { identity } of this.#accounts.accounts.values()) {
      const isUsed = rules.some(({ who }) => who !== undefined && isIdentified(identity, who))
      const signsNotifications = identity.name === this.#options.notifyAccessKey
      if (isUsed !== signsNotifications) continue
      const message = signsNotifications
        ? `account ${identity.name} is notifyAccessKey: brokers receive its signatures, so they prove nothing, and rules for it have no effect; use an account of its own`
        : `no rule names account ${identity.name} or a role of it, nor does profile ${profile}`
      this.#yaml.warning(this.#accounts.nodes.get(identity.name) as NonNullable<YamlNode>, message)
    }
  }

  #checkEffect(policy: RulePolicy, rule: Rule, node: NonNullable<YamlNode>): void {
    const overruling = rule.groups.map((group) => policy.overruling(rule, group))
    const [first] = overruling
    if (first === undefined || overruling.includes(undefined)) return
    const groups = rule.groups.filter((_, index) => overruling[index] === first).join(', ')
    const [name] = rule.label.split(' (')
    const verb = first.isAllow ? 'allows' : 'denies'
    this.#yaml.warning(node, `${name} changes no decision: ${first.label} ${verb} ${groups} to everyone`)
  }

  #guard(entry: YamlEntry | undefined): GuardSettings {
    const yaml = this.#yaml
    const keys = ['takeOver', 'maxHeartbeatTimeoutMillis'] as const
    const guard = entry === undefined ? {} : yaml.section(entry.value, 'guard', keys)
    const { takeOver, maxHeartbeatTimeoutMillis: max } = guard as { [K in (typeof keys)[number]]?: YamlEntry }
    return {
      takeOver: takeOver && yaml.word(takeOver.value, 'takeOver', GUARD_MODES),
      maxHeartbeatTimeoutMillis: max && yaml.integer(max.value, 'maxHeartbeatTimeoutMillis', 1),
    }
  }

  #rate(node: NonNullable<YamlNode>): RateLimits | undefined {
    const yaml = this.#yaml
    const entries = yaml.section(node, 'rates', ['per', ...RATE_KINDS] as const)
    if (entries.per === undefined)
      return yaml.problem(node, 'an entry of rates needs per: address or identity')
    const per = yaml.word(entries.per.value, 'per', ['address', 'identity'])
    const rates: { [Kind in RateKind]?: { count: number; periodMs: number } } = {}
    for (const kind of RATE_KINDS) {
      const entry = entries[kind]
      if (entry === undefined) continue
      if (per === 'identity' && kind !== 'lookups' && kind !== 'other')
        yaml.problem(entry.key, `${kind} cannot be limited per identity, which is proven only by a request`)
      const limited = `${kind} per ${per}`
      if (this.#limited.has(limited)) yaml.problem(entry.key, `${limited} has two rates; keep one`)
      this.#limited.add(limited)
      const text = yaml.text(entry.value, kind)
      const [, digits, unit = ''] = /^([1-9]\d{0,8})\/(s|min|h)$/.exec(text ?? '') ?? []
      const periodMs = PERIODS_MS[unit]
      if (periodMs !== undefined) rates[kind] = { count: Number(digits), periodMs }
      else if (text !== undefined)
        yaml.problem(entry.value, `${kind} is ${JSON.stringify(text)}; write it like 20/s, 5/min or 100/h`)
    }
    if (RATE_KINDS.every((kind) => entries[kind] === undefined))
      yaml.problem(node, `an entry of rates needs one of ${RATE_KINDS.join(', ')}`)
    return per && { per, rates }
  }
}

/** The patterns that none of the names matches. */
function withoutMatch(patterns: readonly string[], names: readonly string[]): readonly string[] {
  return patterns.filter((pattern) => {
    const only = new NamePatterns([pattern])
    return !names.some((name) => only.has(name))
  })
}
