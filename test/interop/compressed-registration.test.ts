import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { startBroker } from './harness/broker.ts'
import { type NameServer, reference, startNameServer, subject } from './harness/name-server.ts'
import { brokersOf, topicsOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'
import { startWireTap } from './harness/wire-tap.ts'

const REGISTER_BROKER = 103
/** First byte of a zlib stream. */
const ZLIB = 0x78

let nameServer: NameServer
let javaNameServer: NameServer

beforeAll(async () => {
  ;[nameServer, javaNameServer] = await Promise.all([startNameServer(subject), startNameServer(reference)])
})

test('a 4.9.7 broker with compressedRegister=true registers its topics', async () => {
  const tap = await startWireTap(nameServer.address)
  onTestFinished(() => tap.close())
  const broker = await startBroker({
    release: '4.9.7',
    name: 'compressed-4',
    nameServers: [tap.address],
    properties: { compressedRegister: true },
  })
  await until('the broker is registered', async () => broker.name in (await brokersOf(nameServer.address)))
  expect(await topicsOf(nameServer.address)).toContain('TBW102')

  const registration = tap.requests.find(({ code }) => code === REGISTER_BROKER)
  expect(registration?.header).toContain('"compressed":"true"')
  expect(registration?.body[0]).toBe(ZLIB)
  await broker.program.kill()
})

test('a 5.5.0 broker with compressedRegister=true, which compresses but declares that it does not, is rejected by Java and registers with ours', async () => {
  const tap = await startWireTap(nameServer.address)
  onTestFinished(() => tap.close())
  const javaTap = await startWireTap(javaNameServer.address)
  onTestFinished(() => javaTap.close())
  const broker = await startBroker({
    release: '5.5.0',
    name: 'compressed-5',
    nameServers: [tap.address, javaTap.address],
    properties: { compressedRegister: true },
  })
  const registrationsAt = ({ requests }: typeof tap) =>
    requests.filter(({ code }) => code === REGISTER_BROKER)
  await until('both were sent a registration', () =>
    [tap, javaTap].every((each) => registrationsAt(each).length > 0),
  )
  for (const { header, body } of [...registrationsAt(tap), ...registrationsAt(javaTap)]) {
    expect(header).toContain('"compressed":"false"')
    expect(body[0]).toBe(ZLIB)
  }

  if (subject.kind === 'ours') {
    await until('the broker is registered', async () => broker.name in (await brokersOf(nameServer.address)))
    expect(await topicsOf(nameServer.address)).toContain('TBW102')
  }
  // The broker repeats a registration only once everyone has answered the one before.
  await until('Java was sent a second registration', () => registrationsAt(javaTap).length > 1)
  expect(await brokersOf(javaNameServer.address)).not.toHaveProperty(broker.name)
  await broker.program.kill()
})
