import { expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { createTopic } from './harness/broker-requests.ts'
import { startNameServer, subject } from './harness/name-server.ts'
import { brokersOf, routeOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

const NAME = 'claimed'
const TOPIC = 'Claimed'

test('a broker of 5.5.0 with forceRegister=false whose name and id another broker took is back in the routes within its next round once the other is killed', async () => {
  const { address } = await startNameServer(subject)
  const startClaiming = (): Promise<Broker> =>
    startBroker({
      release: '5.5.0',
      name: NAME,
      nameServers: [address],
      // The harness sets the shortest period that a broker accepts, ten seconds.
      properties: { forceRegister: false },
    })
  const holder = async (): Promise<string | undefined> => (await brokersOf(address))[NAME]?.['0']

  const first = await startClaiming()
  await until('the first broker is registered', async () => (await holder()) === first.address)
  await createTopic(first, TOPIC)
  await until('its topic has a route', () => routeOf(address, TOPIC))

  const second = await startClaiming()
  await until('the second broker has the name and id', async () => (await holder()) === second.address)
  await second.program.kill()

  await until('the first broker is back', async () => (await holder()) === first.address)
  expect(await routeOf(address, TOPIC)).toMatchObject({
    brokerDatas: [{ brokerName: NAME, brokerAddrs: { 0: first.address } }],
  })
})
