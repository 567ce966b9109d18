import { testAccess, testedRequest, whoAmI } from '../access/explain-access.ts'
import { POLICY_MODES, PROFILES } from '../access/policy.ts'
import { REQUEST_GROUPS } from '../access/request-groups.ts'
import type { InspectSources } from './sources.ts'
import { integerOf, objectOf, type QueryParameter, type Schema, type View } from './view.ts'
import { ViewError } from './view-error.ts'

const TEXT: Schema = { type: 'string' }
const FLAG: Schema = { type: 'boolean' }
const TEXT_OR_NULL: Schema = { type: ['string', 'null'] }

const ASKER = {
  profile: { enum: PROFILES },
  mode: { enum: POLICY_MODES },
  identity: {
    oneOf: [
      { type: 'null' },
      objectOf({
        kind: { enum: ['account', 'certificate'] },
        name: TEXT,
        roles: { type: 'array', items: TEXT },
      }),
    ],
    description: 'Null is anonymous',
  },
  host: {
    ...TEXT,
    description:
      'IP address by which it is decided; `unknown` behind a proxy on this machine that `proxyProtocolTrustedNetworks` does not name, or whose PROXY header has no address',
  },
  network: { ...TEXT_OR_NULL, description: 'The first named network of the access file that it is in' },
  tls: FLAG,
}

/** `/api/v1/access/whoami`: who the sender of the request is to the access policy. */
export function whoAmIView({ access }: InspectSources): View {
  return {
    path: '/api/v1/access/whoami',
    summary:
      'Who the sender of this request is to the access policy, and what it may do with requests that name no cluster, broker or topic. Requests to the HTTP port are anonymous.',
    response: objectOf({
      ...ASKER,
      groups: {
        type: 'array',
        items: objectOf({ group: { enum: REQUEST_GROUPS }, allowed: FLAG, rule: TEXT }),
      },
    }),
    read: ({ sender }) => whoAmI(access().policy, sender),
  }
}

const PARAMETERS: readonly QueryParameter[] = [
  { name: 'code', summary: 'Request code, such as 318.', schema: { type: 'integer' } },
  { name: 'from', summary: 'IP address that it comes from.', schema: TEXT },
  { name: 'as', summary: 'Access key of the account that signs it. Default: not signed.', schema: TEXT },
  {
    name: 'certificate',
    summary:
      'Common name of the client certificate, or a subject alternative name with its type, such as `DNS:broker-a`. Default: none.',
    schema: TEXT,
  },
  { name: 'tls', summary: 'Whether it comes over TLS. Default: false.', schema: { enum: ['true', 'false'] } },
  { name: 'cluster', summary: 'Cluster that it names.', schema: TEXT },
  { name: 'broker', summary: 'Broker name that it names.', schema: TEXT },
  { name: 'topic', summary: 'Topic that it names.', schema: TEXT },
  {
    name: 'announce',
    summary:
      'Addresses that it announces for a broker, `host:port`, separated by commas: those of `brokerIP1`, `brokerIP2` and filter servers.',
    schema: TEXT,
  },
]

/** `/api/v1/access/test`: what the access policy would say to a request. */
export function accessTestView({ access }: InspectSources): View {
  return {
    path: '/api/v1/access/test',
    summary:
      'What the access policy in effect would say to a request, and which rule decides. No request is made.',
    parameters: PARAMETERS,
    response: objectOf({
      ...ASKER,
      code: { type: 'integer' },
      group: { enum: REQUEST_GROUPS },
      allowed: { ...FLAG, description: 'False is also let pass in the mode `audit`' },
      rule: { ...TEXT, description: 'The rule that decides' },
      note: { ...TEXT_OR_NULL, description: 'Why the account counts as anonymous; null if it does not' },
      nearMiss: {
        ...TEXT_OR_NULL,
        description: 'The first rule that would allow it to this sender, and the limit that it does not meet',
      },
    }),
    read: ({ query }) => {
      const code = integerOf(query, 'code', { min: 0, max: 65_535, otherwise: 0 })
      const tested = testAccess(access().policy, testedRequest(query, code))
      if (typeof tested === 'string') throw new ViewError('ERR_BAD_REQUEST', tested)
      return tested
    },
  }
}
