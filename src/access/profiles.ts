import type { Networks } from '../common/networks.ts'
import { NamePatterns } from './name-patterns.ts'
import type { Policy, ProfileName } from './policy.ts'
import { REQUEST_GROUPS, type RequestGroup } from './request-groups.ts'
import { NO_PARTS, type Rule, RulePolicy } from './rule-policy.ts'

/** The groups that a profile opens to everyone, and those that it opens to admins and to this machine. */
const GROUPS: Readonly<
  Record<ProfileName, { open: readonly RequestGroup[]; guarded: readonly RequestGroup[] }>
> = {
  open: { open: REQUEST_GROUPS, guarded: [] },
  default: { open: ['lookup', 'list', 'register', 'admin'], guarded: ['config', 'inspect'] },
  guarded: { open: ['lookup', 'list', 'register'], guarded: ['admin', 'config', 'inspect'] },
  strict: { open: [], guarded: [] },
}

/**
 * The rules of a profile, which follow those of the access file:
 *
 * - `open`: everyone may do everything, as with Java's NameServer
 * - `default`: as Java's, but the groups config and inspect are for admins and this machine
 * - `guarded`: the group admin is, too
 * - `strict`: nothing, except that brokers may look up and list
 */
export function profileRules(profile: ProfileName, loopback: Networks): readonly Rule[] {
  const label = `profile ${profile}`
  const { open, guarded } = GROUPS[profile]
  const allow = (groups: readonly RequestGroup[], limits: Pick<Rule, 'who' | 'from'>): Rule[] =>
    groups.length === 0 ? [] : [{ label, isAllow: true, groups, ...limits }]
  return [
    ...allow(open, {}),
    ...allow(guarded, { who: { by: 'role', names: new NamePatterns(['admin']) } }),
    ...allow(guarded, { from: loopback }),
    // What a broker needs besides the group register: 101, 105, 106.
    ...allow(['lookup', 'list'], { who: { by: 'role', names: new NamePatterns(['broker']) } }),
  ]
}

/** The policy of a profile without an access file. */
export function profilePolicy(profile: ProfileName): Policy {
  return new RulePolicy({ ...NO_PARTS, profile, rules: profileRules(profile, NO_PARTS.loopback) })
}
