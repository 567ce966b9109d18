import { isIP } from 'node:net'
import type { CertificateNames, Identity } from '../protocol/identity.ts'
import type { RequestCode } from '../protocol/request-code.ts'
import { unusedName } from './gate.ts'
import type { Policy, PolicyMode, ProfileName, RequestSubject, Sender } from './policy.ts'
import { GROUP_OF, REQUEST_GROUPS, type RequestGroup } from './request-groups.ts'

/** An identity as people see it. */
export interface ShownIdentity {
  readonly kind: Identity['kind']
  readonly name: string
  readonly roles: readonly string[]
}

interface ShownSender {
  readonly profile: ProfileName
  readonly mode: PolicyMode
  /** Null is anonymous. */
  readonly identity: ShownIdentity | null
  readonly host: string
  /** The first named network that the host is in; null if it is in none. */
  readonly network: string | null
  readonly tls: boolean
}

/** Who someone is to a policy, and what it allows where a request names nothing. */
export interface WhoAmI extends ShownSender {
  readonly groups: readonly {
    readonly group: RequestGroup
    readonly allowed: boolean
    readonly rule: string
  }[]
}

export function whoAmI(policy: Policy, sender: Sender): WhoAmI {
  const groups = REQUEST_GROUPS.map((group) => {
    const { isAllowed, rule } = decide(policy, sender, { group, ...NO_NAMES })
    return { group, allowed: isAllowed, rule }
  })
  return { ...shown(policy, sender), groups }
}

/** A request that is not sent: what would a policy say to it? */
export interface TestedRequest {
  readonly code: number
  /** IP address that it comes from. */
  readonly host: string
  readonly isTls: boolean
  /** Access key of the account that signs it. */
  readonly account?: string | undefined
  /** Common name of the client certificate, or a subject alternative name with its type: `DNS:…`. */
  readonly certificate?: string | undefined
  readonly names: Omit<RequestSubject, 'group'>
}

export interface AccessTest extends ShownSender {
  readonly code: number
  readonly group: RequestGroup
  readonly allowed: boolean
  /** The rule that decides. */
  readonly rule: string
  /** Why the account counts as anonymous; null if it does not. */
  readonly note: string | null
  /** @see Policy.nearMiss; null if it is allowed, or no rule comes near. */
  readonly nearMiss: string | null
}

const NO_NAMES: TestedRequest['names'] = {
  clusterName: null,
  brokerName: null,
  topic: null,
  announced: [],
}

/** The request that the parameters of `/api/v1/access/test` describe. */
export function testedRequest(query: URLSearchParams, code: number): TestedRequest {
  const announce = query.get('announce')
  return {
    code,
    host: query.get('from') ?? '',
    isTls: query.get('tls') === 'true',
    account: query.get('as') ?? undefined,
    certificate: query.get('certificate') ?? undefined,
    names: {
      clusterName: query.get('cluster'),
      brokerName: query.get('broker'),
      topic: query.get('topic'),
      announced: announce === null ? [] : announce.split(','),
    },
  }
}

/** @returns What is wrong with the request, as text, or the decision. */
export function testAccess(policy: Policy, request: TestedRequest): AccessTest | string {
  const { code, host, isTls, account: name, certificate, names } = request
  if (!Object.hasOwn(GROUP_OF, code)) return `${code} is not the code of a request that this server supports`
  if (isIP(host) === 0) return `${JSON.stringify(host)} is not an IP address`
  const unused = unusedName(code, names)
  if (unused !== undefined) return `request ${code} names no ${unused}`
  const account = policy.accounts.get(name ?? '')
  if (name !== undefined && account === undefined) return `there is no account ${JSON.stringify(name)}`
  const isUsable = account?.isUsableFrom(host, isTls) === true
  const certified = certificate === undefined ? undefined : policy.certificateIdentity(namesOf(certificate))
  const sender = { identity: isUsable ? account.identity : certified, host, isTls }
  const group = GROUP_OF[code as RequestCode]
  const subject = { group, ...names }
  const { isAllowed, isMatched, rule } = decide(policy, sender, subject)
  const nearMiss = (isMatched ? undefined : policy.nearMiss(sender, subject)) ?? null
  const note =
    account === undefined || isUsable
      ? null
      : `signatures of ${name} do not count from ${host}${isTls ? '' : ' without TLS'} (from, requireTls)`
  return { ...shown(policy, sender), code, group, allowed: isAllowed, rule, note, nearMiss }
}

/** The names of a certificate that has one. */
function namesOf(name: string): CertificateNames {
  return /^(DNS|URI|IP Address|email):/.test(name)
    ? { commonName: null, subjectAltNames: [name] }
    : { commonName: name, subjectAltNames: [] }
}

function decide(policy: Policy, sender: Sender, subject: RequestSubject) {
  const off = { isAllowed: true, isMatched: true, rule: 'mode off' }
  return policy.mode === 'off' ? off : policy.decide(sender, subject)
}

function shown(policy: Policy, { identity, host, isTls }: Sender): ShownSender {
  const { profile, mode } = policy
  return {
    profile,
    mode,
    identity: identity === undefined ? null : { ...identity, roles: [...identity.roles] },
    host,
    network: policy.networkOf(host) ?? null,
    tls: isTls,
  }
}
