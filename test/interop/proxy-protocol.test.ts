import { beforeAll, describe, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { deliver } from './harness/delivery.ts'
import { tryConnection } from './harness/first-bytes.ts'
import { type Haproxy, proxyKinds, startHaproxy } from './harness/haproxy.ts'
import { type NameServer, startNameServer, subject } from './harness/name-server.ts'
import { brokersOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

const MESSAGES = 10
const GET_BROKER_CLUSTER_INFO = 106
const release = '5.5.0'
const TLS = ['-Dtls.enable=true', '-Dtls.test.mode.enable=true']

let nameServer: NameServer
let haproxy: Haproxy
let broker: Broker

beforeAll(async () => {
  nameServer = await startNameServer({
    ...subject,
    properties: subject.kind === 'ours' ? { logLevel: 'debug' } : {},
  })
  haproxy = await startHaproxy(nameServer.address)
  const { addresses } = haproxy
  broker = await startBroker({
    release,
    name: 'proxied',
    nameServers: [addresses['send-proxy-v2']],
    javaOptions: TLS,
  })
  await until('the broker is registered', async () => broker.name in (await brokersOf(nameServer.address)))
})

describe.each(proxyKinds)('behind haproxy with %s', (kind) => {
  test.concurrent.each([
    ['plaintext', []],
    ['TLS', TLS],
  ])('a producer and a push consumer of 5.5.0 work over %s', async (name, javaOptions) => {
    const nameServers = [haproxy.addresses[kind]]
    const client = { release, nameServers, topic: `By-${kind}-${name}`, javaOptions } as const
    const { sent, failed, received } = await deliver(client, MESSAGES)
    expect(failed).toEqual([])
    expect(received).toEqual(sent)
  })

  test.runIf(subject.kind === 'ours').each([false, true])(
    "the log has the client's own address, TLS: %s",
    async (tls) => {
      const { outcome, address } = await tryConnection(
        haproxy.addresses[kind],
        { tls },
        GET_BROKER_CLUSTER_INFO,
        {},
      )
      expect(outcome).toBe('answered')
      await nameServer.program.until('it logs the end of the connection', () =>
        nameServer.program.lines.some(
          (line) => line.includes('"connection closed"') && line.includes(`"peer":"${address}"`),
        ),
      )
    },
  )
})

test.runIf(subject.kind === 'ours')(
  'nothing of all that, nor of the health checks, is a reason for a warning',
  () => {
    const { lines } = nameServer.program
    // The machine may allow fewer open files than `maxConnections` needs.
    const aboutPeers = lines.filter((line) => !line.includes('open-file limit leaves fewer connections'))
    expect(aboutPeers.filter((line) => /"level":"(warn|error)"/.test(line))).toEqual([])
  },
)
