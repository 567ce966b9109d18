import type { Identity } from '../protocol/identity.ts'
import type { Asker } from './policy.ts'
import type { CertificateRoles, RulePolicy } from './rule-policy.ts'

/** Addresses that stand for all that no rule names, and for this machine. */
const HOSTS = ['192.0.2.1', '2001:db8::1', '127.0.0.1', '::1']

/**
 * Whether someone may use the group admin for everything: the rules are tried for every account, every certificate and anonymous,
 * from the first and the last address of each network: where networks overlap, one of these is in all of them.
 *
 * @param samples - These addresses.
 */
export function canReachAdmin(
  policy: RulePolicy,
  certificates: readonly CertificateRoles[],
  samples: readonly string[],
): boolean {
  const hosts = new Set([...HOSTS, ...samples])
  const subject = { group: 'admin', clusterName: null, brokerName: null, topic: null, announced: [] } as const
  for (const host of hosts)
    for (const identity of identitiesAt(policy, certificates, host)) {
      const asker: Asker = { identity, host, isTls: true }
      if (policy.decide(asker, subject).isAllowed) return true
    }
  return false
}

function* identitiesAt(
  policy: RulePolicy,
  certificates: readonly CertificateRoles[],
  host: string,
): Generator<Identity | undefined, void, undefined> {
  yield undefined
  for (const account of policy.accounts.values()) if (account.isUsableFrom(host, true)) yield account.identity
  // A pattern without its asterisks matches itself.
  const nameOf = (pattern: string): string => pattern.replaceAll('*', '')
  const named = policy.rules.flatMap(({ who }) => (who?.by === 'certificate' ? who.names.patterns : []))
  for (const name of named)
    yield policy.certificateIdentity({ commonName: nameOf(name), subjectAltNames: [] })
  for (const { commonName, subjectAltName } of certificates)
    yield policy.certificateIdentity({
      commonName: nameOf(commonName?.patterns[0] ?? '') || null,
      subjectAltNames: (subjectAltName?.patterns ?? []).map(nameOf),
    })
}
