import { createSecretKey, type KeyObject } from 'node:crypto'
import { firstLine } from '../common/describe-errno.ts'
import { hintFor } from '../common/nearest-name.ts'
import { NamePatterns } from './name-patterns.ts'
import { LOOPBACK, Networks, rangesOf } from './networks.ts'
import { AccountPermissions, PERMISSION_KEYS } from './plain-acl.ts'
import {
  type Account,
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

/** Where a secret is, other than in the access file. */
export interface SecretSource {
  readonly from: 'file' | 'environment'
  /** Path of the file, or name of the variable. */
  readonly name: string
}

export interface AccessFileOptions {
  /** For a file without `profile`. */
  readonly profile: ProfileName
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

const SECRET_KEYS = ['secretKey', 'secretFile', 'secretEnv'] as const
const PREVIOUS_SECRET_KEYS = ['previousSecretKey', 'previousSecretFile', 'previousSecretEnv'] as const
const ACCOUNT_KEYS = [
  'accessKey',
  ...SECRET_KEYS,
  ...PREVIOUS_SECRET_KEYS,
  'admin',
  'roles',
  'from',
  'requireTls',
  'whiteRemoteAddress',
  ...PERMISSION_KEYS,
] as const

/** The accounts of the plain_acl.yml and tools.yml that RocketMQ ships: attackers sign with them. */
const PUBLISHED_SECRET = '12345678'
const PUBLISHED_ACCOUNTS: readonly string[] = ['rocketmq2', 'RocketMQ']

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

interface ReadAccount extends Account {
  readonly entry: YamlEntry
  /** Whether its name and secret are published. */
  readonly isPublished: boolean
}

class AccessFileReader {
  readonly #yaml: YamlReader
  readonly #options: AccessFileOptions
  readonly #accounts = new Map<string, ReadAccount>()
  readonly #networks = new Map<string, Networks>()
  /** Rules that the keys of a plain_acl.yml stand for. */
  readonly #plainRules: Rule[] = []
  readonly #certificates: CertificateRoles[] = []
  /** An address in each network that is named anywhere. */
  readonly #samples: string[] = []
  readonly #secretFiles: string[] = []
  #hasSecrets = false
  #loopback = LOOPBACK

  constructor(text: string, options: AccessFileOptions) {
    this.#yaml = new YamlReader(text)
    this.#options = options
  }

  read(): AccessFile {
    const { root } = this.#yaml
    const policy = root === null ? undefined : this.#policy(root)
    const { problems, warnings } = this.#yaml
    return {
      policy: problems.length === 0 ? policy : undefined,
      problems,
      warnings,
      secretFiles: this.#secretFiles,
      hasSecrets: this.#hasSecrets,
    }
  }

  #policy(root: NonNullable<YamlNode>): RulePolicy | undefined {
    const yaml = this.#yaml
    const top = yaml.section(root, 'the access file', TOP_KEYS)
    const profile = top.profile && yaml.word(top.profile.value, 'profile', PROFILES)
    const mode = top.mode && yaml.word(top.mode.value, 'mode', POLICY_MODES)
    if (top.loopback && yaml.word(top.loopback.value, 'loopback', ['none', 'local']) === 'none')
      this.#loopback = new Networks([])
    // In this order: what is named comes before what names it.
    if (top.networks) this.#readNetworks(top.networks)
    if (top.globalWhiteRemoteAddresses) this.#readWhiteList(top.globalWhiteRemoteAddresses)
    const itemsOf = (entry: YamlEntry | undefined, what: string) =>
      entry ? yaml.items(entry.value, what) : []
    for (const node of itemsOf(top.accounts, 'accounts')) this.#readAccount(node)
    for (const node of itemsOf(top.certificates, 'certificates')) this.#readCertificate(node)
    const rules = itemsOf(top.rules, 'rules').map((node, index) => this.#rule(node, index + 1))
    const rates = itemsOf(top.rates, 'rates').flatMap((node) => this.#rate(node) ?? [])
    const inEffect = profile ?? this.#options.profile
    const policy = new RulePolicy({
      profile: inEffect,
      mode: mode ?? 'enforce',
      // The other profiles open lookups and lists to everyone.
      rules: [
        ...rules,
        ...(inEffect === 'strict' ? this.#plainRules : []),
        ...profileRules(inEffect, this.#loopback),
      ],
      accounts: this.#accounts,
      certificates: this.#certificates,
      networks: this.#networks,
      loopback: this.#loopback,
      guard: this.#guard(top.guard),
      rates,
    })
    this.#checkUse(policy)
    // Other problems may be the reason.
    if (
      yaml.problems.length === 0 &&
      inEffect === 'strict' &&
      !canReachAdmin(policy, this.#certificates, this.#samples)
    )
      yaml.problem(
        top.profile?.value ?? root,
        'profile strict needs someone who can administer this server: no rule allows the group admin to an account, certificate or network that can come in',
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
    const included: Networks[] = []
    const ranges = yaml.items(node, what).flatMap((item) => {
      const text = yaml.text(item, what)
      if (text === undefined) return []
      const named = text === 'loopback' ? this.#loopback : this.#networks.get(text)
      if (named !== undefined) {
        included.push(named)
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
    this.#samples.push(...networks.samples)
    return networks
  }

  /** The addresses of a white list of a plain_acl.yml, which may be in one text. */
  #whiteList({ key, value }: YamlEntry, what: string): Rule {
    const yaml = this.#yaml
    const ranges = yaml.items(value, what).flatMap((item) =>
      (yaml.text(item, what) ?? '').split(/,(?![^{]*\})/).flatMap((part) => {
        const found = rangesOf(part.trim())
        if (found.length === 0)
          yaml.problem(item, `${what}: ${JSON.stringify(part)} is not an address pattern`)
        return found
      }),
    )
    yaml.warning(key, `${what} allows lookup and list only, not everything as in a broker`)
    const label = `${what} (line ${yaml.lineOf(key)})`
    return { label, isAllow: true, groups: ['lookup', 'list'], from: new Networks(ranges) }
  }

  #readWhiteList(entry: YamlEntry): void {
    this.#plainRules.push(this.#whiteList(entry, 'globalWhiteRemoteAddresses'))
  }

  #readAccount(node: NonNullable<YamlNode>): void {
    const yaml = this.#yaml
    const account = yaml.section(node, 'an account', ACCOUNT_KEYS)
    const { accessKey, whiteRemoteAddress } = account
    if (accessKey === undefined) {
      yaml.problem(node, 'an account needs an accessKey')
      return
    }
    const name = this.#plainText(accessKey, 'accessKey')
    if (name === undefined) return
    const what = `account ${name}`
    const known = this.#accounts.get(name)
    if (known !== undefined)
      yaml.problem(
        accessKey.value,
        `duplicate accessKey ${JSON.stringify(name)}; it is also in line ${yaml.lineOf(known.entry.value)}`,
      )
    const secret = this.#secret(account, SECRET_KEYS, what)
    const previous = this.#secret(account, PREVIOUS_SECRET_KEYS, what)
    if (SECRET_KEYS.every((key) => account[key] === undefined))
      yaml.problem(node, `${what} needs one of ${SECRET_KEYS.join(', ')}`)
    const isPublished = PUBLISHED_ACCOUNTS.includes(name) && [secret, previous].includes(PUBLISHED_SECRET)
    const isAdmin = account.admin && yaml.boolean(account.admin.value, 'admin') === true
    const roles = new Set(account.roles ? yaml.texts(account.roles.value, 'roles') : [])
    if (isAdmin) roles.add('admin')
    if (isPublished && roles.delete('admin'))
      yaml.warning(
        accessKey.value,
        `${what} is not made an admin: its secret is published, and attackers try it; change the secret`,
      )
    const from = account.from && this.#networksOf(account.from.value, `from of ${what}`)
    const requireTls = account.requireTls && yaml.boolean(account.requireTls.value, 'requireTls') === true
    this.#accounts.set(name, {
      identity: { kind: 'account', name, roles },
      secrets: [secret, previous].flatMap((text) => (text === undefined ? [] : secretKeyOf(text))),
      isUsableFrom: (host, isTls) => (from === undefined || from.has(host)) && (!requireTls || isTls),
      entry: accessKey,
      isPublished,
    })
    const permissions = new AccountPermissions(yaml, what)
    this.#plainRules.push(...permissions.rules(account, name, accessKey))
    if (whiteRemoteAddress)
      this.#plainRules.push(this.#whiteList(whiteRemoteAddress, `whiteRemoteAddress of ${what}`))
  }

  /** A text that is signed with: digits without quotes are a number to YAML, in plain_acl.yml as here. */
  #plainText({ value }: YamlEntry, what: string): string | undefined {
    const yaml = this.#yaml
    const scalar = value as { readonly value?: unknown; readonly source?: string }
    if (typeof scalar.value === 'string' || scalar.value === undefined) return yaml.text(value, what)
    if (typeof scalar.value !== 'bigint')
      return yaml.problem(value, `${what} is not a text to YAML; put it in quotes`)
    const read = `${scalar.value}`
    const isOther = read !== scalar.source
    const reading = isOther ? ' and is read as another one' : ''
    yaml.warning(value, `${what} is a number without quotes${reading}; put it in quotes`)
    return read
  }

  /** The secret of one of three keys. */
  #secret<Key extends (typeof SECRET_KEYS | typeof PREVIOUS_SECRET_KEYS)[number]>(
    account: { readonly [Name in Key]?: YamlEntry },
    keys: readonly [Key, Key, Key],
    what: string,
  ): string | undefined {
    const yaml = this.#yaml
    const [plainKey, fileKey, envKey] = keys
    const [first, second] = keys.flatMap((key) => (account[key] ? [{ ...account[key], name: key }] : []))
    if (second !== undefined)
      yaml.problem(second.key, `${what} has ${first?.name} and ${second.name}; keep one`)
    if (first === undefined) return undefined
    let secret: string | undefined
    if (first.name === plainKey) {
      this.#hasSecrets = true
      secret = this.#plainText(first, first.name)
    } else {
      const name = yaml.text(first.value, first.name)
      if (name === undefined) return undefined
      if (first.name === fileKey) this.#secretFiles.push(name)
      try {
        const source = { from: first.name === envKey ? 'environment' : 'file', name } as const
        secret = this.#options.readSecret(source)
      } catch (error) {
        return yaml.problem(first.value, `${first.name} ${JSON.stringify(name)} ${firstLine(error)}`)
      }
      if (secret === '') return yaml.problem(first.value, `${first.name} ${JSON.stringify(name)} is empty`)
    }
    if (secret === PUBLISHED_SECRET)
      yaml.warning(
        first.value,
        `${what} has the secret of RocketMQ's examples (${PUBLISHED_SECRET}); change it`,
      )
    return secret
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
    for (const name of subjectAltName?.patterns ?? [])
      if (!/^(DNS|URI|IP Address|email):/.test(name))
        yaml.problem(
          entry.subjectAltName?.value ?? node,
          `subjectAltName ${JSON.stringify(name)} must begin with DNS:, URI:, IP Address: or email:`,
        )
    this.#certificates.push({
      commonName,
      subjectAltName,
      roles: entry.roles ? yaml.texts(entry.roles.value, 'roles') : [],
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
    const published = [...this.#accounts.values()].find(
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
    const names = [...this.#accounts.keys()]
    for (const pattern of withoutMatch(patterns, names))
      this.#yaml.problem(node, `there is no account ${JSON.stringify(pattern)}${hintFor(pattern, names)}`)
  }

  /** Without effect, a rule that allows keeps a door shut, and one that denies leaves it open. */
  #checkRoles(patterns: readonly string[], node: NonNullable<YamlNode>, isDeny: boolean): void {
    const given = [...this.#accounts.values()].flatMap(({ identity }) => [...identity.roles])
    const roles = [...given, ...this.#certificates.flatMap((entry) => entry.roles)]
    for (const pattern of withoutMatch(patterns, roles)) {
      const message = `no account and no certificate has the role ${JSON.stringify(pattern)}${hintFor(pattern, roles)}`
      if (isDeny) this.#yaml.problem(node, message)
      else this.#yaml.warning(node, message)
    }
  }

  #checkUse({ rules, profile }: RulePolicy): void {
    for (const { identity, entry } of this.#accounts.values()) {
      if (rules.some(({ who }) => who !== undefined && isIdentified(identity, who))) continue
      const message = `no rule names account ${identity.name} or a role of it, nor does profile ${profile}`
      this.#yaml.warning(entry.value, message)
    }
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
      const text = yaml.text(entry.value, kind)
      const [, digits, unit = ''] = /^([1-9]\d{0,8})\/(s|min|h)$/.exec(text ?? '') ?? []
      const periodMs = PERIODS_MS[unit]
      if (periodMs !== undefined) rates[kind] = { count: Number(digits), periodMs }
      else if (text !== undefined)
        yaml.problem(entry.value, `${kind} is ${JSON.stringify(text)}; write it like 20/s, 5/min or 100/h`)
    }
    if (Object.keys(rates).length === 0)
      yaml.problem(node, `an entry of rates needs one of ${RATE_KINDS.join(', ')}`)
    return per && { per, rates }
  }
}

function secretKeyOf(secret: string): KeyObject {
  return createSecretKey(Buffer.from(secret))
}

/** The patterns that none of the names matches. */
function withoutMatch(patterns: readonly string[], names: readonly string[]): readonly string[] {
  return patterns.filter((pattern) => {
    const only = new NamePatterns([pattern])
    return !names.some((name) => only.has(name))
  })
}
