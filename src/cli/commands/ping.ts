import { RequestCode } from '../../protocol/request-code.ts'
import { versionName } from '../../protocol/version-name.ts'
import type { Run } from '../run-command.ts'

/** `ping`: the time of one small request to each NameServer, the time to connect included. */
export const run: Run = async ({ askEach }) => {
  const { items, failures } = await askEach(async (server) => {
    const startMs = performance.now()
    // Every NameServer serves it, and no table grows by it.
    await server.invoke(RequestCode.GET_KV_CONFIG, { namespace: 'mqnamesrv', key: 'ping' })
    const roundTripMs = Math.round((performance.now() - startMs) * 100) / 100
    return [{ versionName: server.version === undefined ? null : versionName(server.version), roundTripMs }]
  })
  return {
    items,
    failures,
    view: {
      columns: [
        { head: 'VERSION', cell: ({ versionName }) => versionName },
        { head: 'TIME', cell: ({ roundTripMs }) => `${roundTripMs} ms`, align: 'right' },
      ],
    },
    namesrv: 'always',
    name: ({ namesrv }) => namesrv,
  }
}
