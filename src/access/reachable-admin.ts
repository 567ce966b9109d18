import type { Identity } from '../protocol/identity.ts'
import type { NamePatterns } from './name-patterns.ts'
import type { Sender } from './policy.ts'
import type { CertificateRoles, RulePolicy } from './rule-policy.ts'

/** Where the addresses of each family begin. */
const FIRST_HOSTS = ['0.0.0.0', '::']

/**
 * Whether someone may use the group admin for everything: the rules are tried for every account, every kind of certificate and
 * anonymous, from one of each set of addresses that are alike to all networks.
 *
 * @param edges - Of the networks that the access file names anywhere.
 */
export function canReachAdmin(
  policy: RulePolicy,
  certificates: readonly CertificateRoles[],
  edges: readonly string[],
): boolean {
  const subject = { group: 'admin', clusterName: null, brokerName: null, topic: null, announced: [] } as const
  const certified = [...certificateIdentities(policy, certificates)]
  for (const host of new Set([...FIRST_HOSTS, ...edges])) {
    const accounts = [...policy.accounts.values()].filter((account) => account.isUsableFrom(host, true))
    for (const identity of [undefined, ...accounts.map((account) => account.identity), ...certified]) {
      const sender: Sender = { identity, host, isTls: true }
      if (policy.decide(sender, subject).isAllowed) return true
    }
  }
  return false
}

/** The identities of certificates whose names the access file has. */
function* certificateIdentities(
  policy: RulePolicy,
  certificates: readonly CertificateRoles[],
): Generator<Identity | undefined, void, undefined> {
  const named = policy.rules.flatMap(({ who }) => (who?.by === 'certificate' ? namesOf(who.names) : []))
  for (const commonName of named) yield policy.certificateIdentity({ commonName, subjectAltNames: [] })
  for (const entry of certificates)
    for (const commonName of entry.commonName === undefined ? [null] : namesOf(entry.commonName))
      for (const name of entry.subjectAltName === undefined ? [undefined] : namesOf(entry.subjectAltName))
        yield policy.certificateIdentity({ commonName, subjectAltNames: name === undefined ? [] : [name] })
}

/** Names that patterns match: with nothing in place of an asterisk, and with something. */
function namesOf({ patterns }: NamePatterns): readonly string[] {
  const names = patterns.flatMap((pattern) => [pattern.replaceAll('*', ''), pattern.replaceAll('*', 'x')])
  return [...new Set(names)].filter((name) => name !== '')
}
