import type { WhoAmI } from '../../access/explain-access.ts'
import { findCredentials } from '../client/credentials.ts'
import type { Run } from '../run-command.ts'
import { identityText } from './access-test.ts'

/** @see ChannelRef.host */
const UNKNOWN = 'unknown'
const BEHIND_PROXY =
  "through a proxy on the server's machine: the address in its PROXY header counts if proxyProtocolTrustedNetworks names the proxy"

const UNPROVEN = 'no such account, another secret, or it does not count from this address or without TLS'

/** `access whoami`. */
export const run: Run = async ({ askEach, paint, values, world }) => {
  const accessKey = (await findCredentials(values, world.env))?.accessKey
  const { items, failures } = await askEach(async (server) => [
    await server.view<WhoAmI>('/api/v1/access/whoami'),
  ])
  return {
    items,
    failures,
    view: {
      lines: ({ identity, host, network, tls, profile, mode, groups }) => [
        `${identityText(identity)}, from ${host === UNKNOWN ? 'an unknown address' : host}${network === null ? '' : ` (network ${network})`}, ${tls ? 'over TLS' : 'without TLS'}`,
        ...(host === UNKNOWN ? [BEHIND_PROXY] : []),
        ...(accessKey === undefined || identity?.kind === 'account'
          ? []
          : [`signed as ${accessKey}, which proves nothing here: ${UNPROVEN}`]),
        `profile ${profile}, mode ${mode}`,
        ...groups.map(
          ({ group, allowed, rule }: WhoAmI['groups'][number]) =>
            `${group.padEnd(8)} ${allowed ? paint('green', 'yes') : paint('red', 'no ')} ${rule}`,
        ),
      ],
    },
    name: ({ identity }) => identity?.name ?? 'anonymous',
  }
}
