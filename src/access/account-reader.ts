import { createSecretKey, type KeyObject } from 'node:crypto'
import { isScalar } from 'yaml'
import { firstLine } from '../common/describe-errno.ts'
import { Networks, rangesOf } from '../common/networks.ts'
import type { AccessFileOptions } from './access-file.ts'
import { AccountPermissions, PERMISSION_KEYS } from './plain-acl.ts'
import type { Account } from './policy.ts'
import type { Rule } from './rule-policy.ts'
import { integerText, type YamlEntry, type YamlNode, type YamlReader } from './yaml-reader.ts'

/** Where a secret is, other than in the access file. */
export interface SecretSource {
  readonly from: 'file' | 'environment'
  /** Path of the file, or name of the variable. */
  readonly name: string
}

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

/** As the ACL of a broker requires. From one signed request shorter ones can be found by trying. */
const MIN_SECRET_CHARACTERS = 7

type AccountOptions = Pick<AccessFileOptions, 'readSecret' | 'notifyAccessKey'>

export interface ReadAccount extends Account {
  /** Whether its name and secret are published. */
  readonly isPublished: boolean
}

/** Reads the accounts of an access file, and their secrets. */
export class AccountReader {
  readonly accounts = new Map<string, ReadAccount>()
  /** Where each of them is; not in the account, which would keep secrets of the file in memory. */
  readonly nodes = new Map<string, NonNullable<YamlNode>>()
  /** Rules that the keys of a plain_acl.yml stand for. */
  readonly plainRules: Rule[] = []
  /** Paths of files with secrets, as they are written. */
  readonly secretFiles: string[] = []
  /** Whether a secret stands in the access file itself. */
  hasSecrets = false
  readonly #yaml: YamlReader
  readonly #options: AccountOptions
  readonly #networksOf: (node: NonNullable<YamlNode>, what: string) => Networks

  constructor(
    yaml: YamlReader,
    options: AccountOptions,
    networksOf: (node: NonNullable<YamlNode>, what: string) => Networks,
  ) {
    this.#yaml = yaml
    this.#options = options
    this.#networksOf = networksOf
  }

  /** Reads an account of the list `accounts`. */
  read(node: NonNullable<YamlNode>): void {
    const yaml = this.#yaml
    const account = yaml.section(node, 'an account', ACCOUNT_KEYS, ['whiteRemoteAddress', ...PERMISSION_KEYS])
    const { accessKey, whiteRemoteAddress } = account
    if (accessKey === undefined) {
      yaml.problem(node, 'an account needs an accessKey')
      return
    }
    const name = this.#plainText(accessKey, 'accessKey')
    if (name === undefined) return
    const what = `account ${name}`
    if (name.includes('*'))
      yaml.problem(accessKey.value, 'accessKey must not contain *, which stands for any characters in rules')
    const known = this.nodes.get(name)
    if (known !== undefined)
      yaml.problem(
        accessKey.value,
        `duplicate accessKey ${JSON.stringify(name)}; it is also in line ${yaml.lineOf(known)}`,
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
    const secrets = [secret, previous].flatMap((text) => (text === undefined ? [] : secretKeyOf(text)))
    const warn = (message: string): void => yaml.warning(accessKey.value, `${what} ${message}`)
    if ([secret, previous].some((text) => text !== undefined && text.length < MIN_SECRET_CHARACTERS))
      warn(`has a secret of fewer than ${MIN_SECRET_CHARACTERS} characters; use a longer one`)
    if (secret !== undefined && secret === previous)
      warn('has the same secret twice; remove the previous one')
    if (roles.has('admin') && roles.has('broker'))
      warn(
        "is an admin with the role broker: what a broker signs can be sent again as an admin's; use two accounts",
      )
    const twin = this.#otherWith(secrets, roles.has('admin'))
    if (twin !== undefined)
      warn(`has a secret of account ${twin}, and only one of them is an admin; change it`)
    this.accounts.set(name, {
      identity: { kind: 'account', name, roles },
      secrets,
      isUsableFrom: name === this.#options.notifyAccessKey ? NOT_USABLE : usableFrom(from, requireTls),
      isPublished,
    })
    this.nodes.set(name, accessKey.value)
    const permissions = new AccountPermissions(yaml, what)
    this.plainRules.push(...permissions.rules(account, name, accessKey))
    if (whiteRemoteAddress) this.readWhiteList(whiteRemoteAddress, `whiteRemoteAddress of ${what}`)
  }

  /** An account before this one that has one of these secrets, and of which only one is an admin. */
  #otherWith(secrets: readonly KeyObject[], isAdmin: boolean): string | undefined {
    for (const { identity, secrets: others } of this.accounts.values())
      if (
        identity.roles.has('admin') !== isAdmin &&
        others.some((key) => secrets.some((own) => own.equals(key)))
      )
        return identity.name
    return undefined
  }

  /** A text that is signed with: digits without quotes are a number to YAML, in plain_acl.yml as here. */
  #plainText({ value }: YamlEntry, what: string): string | undefined {
    const yaml = this.#yaml
    const scalar = value as { readonly value?: unknown; readonly source?: string }
    const read = integerText(value)
    if (read === undefined)
      return ['string', 'bigint', 'undefined'].includes(typeof scalar.value)
        ? yaml.text(value, what)
        : yaml.problem(value, `${what} is not a text to YAML; put it in quotes`)
    const reading = read === scalar.source ? '' : ' and is read as a different value, as in a broker'
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
      this.hasSecrets = true
      secret = this.#plainText(first, first.name)
    } else {
      const name = yaml.text(first.value, first.name)
      if (name === undefined) return undefined
      if (first.name === fileKey) this.secretFiles.push(name)
      // Anything else may be the secret itself, under the wrong key.
      const isShown = first.name === fileKey ? name.includes('/') : /^[A-Z_][A-Z0-9_]*$/.test(name)
      const shown = isShown ? `${first.name} ${JSON.stringify(name)}` : first.name
      try {
        const source = { from: first.name === envKey ? 'environment' : 'file', name } as const
        secret = this.#options.readSecret(source)
      } catch (error) {
        return yaml.problem(first.value, `${shown} ${firstLine(error)}`)
      }
      if (secret === '') return yaml.problem(first.value, `${shown} is empty`)
    }
    if (secret === PUBLISHED_SECRET)
      yaml.warning(
        first.value,
        `${what} has the secret of RocketMQ's examples (${PUBLISHED_SECRET}); change it`,
      )
    return secret
  }

  /** The addresses of a white list of a plain_acl.yml, which may be in one text. */
  readWhiteList({ key, value }: YamlEntry, what: string): void {
    const yaml = this.#yaml
    // An empty text is how mqadmin writes an account without one, and nothing to Java in a list, too.
    const items = yaml
      .items(value, what, 'or none')
      .filter((item) => !isScalar(item) || (item.value !== '' && item.value !== null))
    if (items.length === 0) return
    const ranges = items.flatMap((item) =>
      (yaml.text(item, what) ?? '').split(/,(?![^{]*\})/).flatMap((part) => {
        const found = rangesOf(part.trim())
        if (found.length === 0)
          yaml.problem(item, `${what}: ${JSON.stringify(part)} is not an address pattern`)
        return found
      }),
    )
    yaml.warning(key, `${what} allows lookup and list only, not everything as in a broker`)
    const label = `${what} (line ${yaml.lineOf(key)})`
    this.plainRules.push({ label, isAllow: true, groups: ['lookup', 'list'], from: new Networks(ranges) })
  }
}

// Outside the reader, so that these functions do not keep the account as it was read, with its secrets.
const NOT_USABLE = (): boolean => false

function usableFrom(from: Networks | undefined, requireTls: boolean | undefined): Account['isUsableFrom'] {
  return (host, isTls) => (from === undefined || from.has(host)) && (!requireTls || isTls)
}

function secretKeyOf(secret: string): KeyObject {
  return createSecretKey(Buffer.from(secret))
}
