import { NamePatterns } from './name-patterns.ts'
import type { Rule, Who } from './rule-policy.ts'
import type { YamlEntry, YamlReader } from './yaml-reader.ts'

/** The permissions of an account of a `plain_acl.yml`. */
export const PERMISSION_KEYS = ['defaultTopicPerm', 'defaultGroupPerm', 'topicPerms', 'groupPerms'] as const
type PermissionKey = (typeof PERMISSION_KEYS)[number]

const PERMISSIONS = ['DENY', 'PUB', 'SUB', 'PUB|SUB', 'SUB|PUB'] as const

/** Clients look up the retry topic of a consumer group, which its permission is about. */
const GROUP_PREFIX = '%RETRY%'

/** What `topicPerms` and `groupPerms` of an account mean here: which topics it may look up, where the profile does not open lookups. */
export class AccountPermissions {
  readonly #yaml: YamlReader
  readonly #what: string

  /** @param what - The account, for messages. */
  constructor(yaml: YamlReader, what: string) {
    this.#yaml = yaml
    this.#what = what
  }

  /** The rules, those about single topics first. Either PUB or SUB allows a lookup. */
  rules(
    account: { readonly [Key in PermissionKey]?: YamlEntry },
    name: string,
    { value: node }: YamlEntry,
  ): readonly Rule[] {
    const label = `${this.#what} (line ${this.#yaml.lineOf(node)})`
    const who: Who = { by: 'account', names: new NamePatterns([name]) }
    const rule = (topics: readonly string[], isAllow: boolean): Rule[] =>
      topics.length === 0
        ? []
        : [{ label, isAllow, groups: ['lookup'], who, names: { topics: new NamePatterns(topics) } }]
    const named = [
      ...this.#named(account.topicPerms, 'topicPerms', ''),
      ...this.#named(account.groupPerms, 'groupPerms', GROUP_PREFIX),
    ]
    const topicsWith = (isAllowed: boolean): string[] =>
      named.filter((permission) => permission.isAllowed === isAllowed).map(({ topic }) => topic)
    const groups = this.#byDefault(account.defaultGroupPerm, 'defaultGroupPerm')
    const topics = this.#byDefault(account.defaultTopicPerm, 'defaultTopicPerm')
    const other = groups === undefined ? [] : rule([`${GROUP_PREFIX}*`], groups)
    return [
      ...rule(topicsWith(false), false),
      ...rule(topicsWith(true), true),
      // Missing means DENY, but only where the account has permissions at all.
      ...other,
      ...(topics === undefined ? [] : rule(['*'], topics)),
    ]
  }

  #byDefault(entry: YamlEntry | undefined, what: string): boolean | undefined {
    const permission = entry && this.#yaml.word(entry.value, what, PERMISSIONS)
    return permission && permission !== 'DENY'
  }

  #named(entry: YamlEntry | undefined, what: string, prefix: string) {
    const items = entry === undefined ? [] : this.#yaml.items(entry.value, what, 'or none')
    return items.flatMap((item) => {
      const text = this.#yaml.text(item, what)
      if (text === undefined) return []
      const [topic = '', permission = '', ...more] = text.split('=').map((part) => part.trim())
      if (topic !== '' && more.length === 0 && (PERMISSIONS as readonly string[]).includes(permission))
        return { topic: prefix + topic, isAllowed: permission !== 'DENY' }
      const example = `write NAME=PERMISSION with one of ${PERMISSIONS.join(', ')}`
      this.#yaml.problem(item, `${what} has ${JSON.stringify(text)}; ${example}`)
      return []
    })
  }
}
