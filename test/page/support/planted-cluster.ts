import { lookup, putKVConfig, registration } from '../../support/requests.ts'
import type { PageServer } from './page-server.ts'

/** Two clusters' worth of brokers with topics, KV entries and clients, and something wrong with some of them; one has left. */
export async function plantCluster(server: PageServer): Promise<void> {
  const orders = ['OrderCreated', 'OrderPaid', 'OrderShipped', '%RETRY%order-service']
  const payments = ['PaymentRequested', 'PaymentFailed', 'AuditTrail']
  for (const [name, port, topics] of [
    ['broker-a', 10_911, [...orders, ...payments]],
    ['broker-b', 10_921, orders],
    ['broker-c', 10_931, [...payments, ...Array.from({ length: 60 }, (_, n) => `Telemetry${n}`)]],
  ] as const) {
    await server.send(
      registration({ name, address: `127.0.0.1:${port}`, topics }),
      registration({ name, address: `127.0.0.1:${port + 1}`, id: 1, topics }),
    )
  }
  // Announces an address that is not its own, and has no master.
  await server.send(
    registration({
      name: 'broker-d',
      address: '172.17.0.3:10911',
      id: 1,
      topics: ['OrderPaid', 'OrderRefunded'],
    }),
  )
  const lost = await server.send(registration({ name: 'broker-e', address: '127.0.0.1:10951' }))
  lost.socket.destroy()
  await server.send(
    putKVConfig('ORDER_TOPIC_CONFIG', 'OrderCreated', 'broker-a:4;broker-b:4'),
    putKVConfig('features', 'greeting', 'hello'),
  )
  const client = await server.send(lookup('OrderCreated'))
  for (let asked = 0; asked < 3; asked++) await client.request(lookup('OrderCancelled'))
  // One connection closes, and requests are rejected where the policy of the server is closed to this machine.
  const gone = await server.send(lookup('OrderPaid'))
  gone.socket.destroy()
  await client.request({ code: 318, extFields: { AccessKey: 'ops', Signature: 'wrong' } })
  for (let tried = 0; tried < 3; tried++) await client.request({ code: 1451 })
  // Write permission of a broker is wiped, as an operator would do before stopping it.
  await server.send({ code: 205, extFields: { brokerName: 'broker-c' } })
}

/** Brokers, topics and KV entries whose names would be markup, move text, hide, or burst a layout. */
export async function plantHostileNames(server: PageServer): Promise<void> {
  const names = ['<img src=x onerror=alert(1)>', 'evil\u202Egpj.exe', 'line\nbreak', 'long'.repeat(500), ' ']
  await server.send(
    ...names.map((name, index) =>
      registration({ name, address: `10.0.0.${index}:10911`, topics: names, id: index % 2 }),
    ),
    ...names.map((name) => putKVConfig(name, name, name)),
    ...names.map((brokerName) => ({ code: 205, extFields: { brokerName } })),
  )
}
