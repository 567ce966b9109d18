import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { certificateAuthority } from '../support/certificates.ts'
import { registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'

test('with useTLS a broker is notified of a new min broker id over TLS', async () => {
  const broker = createServer({ ...certificateAuthority('test').issue('broker') })
  broker.listen(0, '127.0.0.1')
  await once(broker, 'listening')
  onTestFinished(() => {
    broker.close()
  })
  const { port } = broker.address() as AddressInfo
  const notified = new Promise<string>((resolve, reject) => {
    broker.on('tlsClientError', reject)
    broker.on('secureConnection', (socket: TLSSocket) => {
      onTestFinished(() => {
        socket.destroy()
      })
      socket.on('data', (frame) => resolve(frame.toString('utf8', 8)))
    })
  })

  const server = await startServer({ useTLS: 'true', notifyMinBrokerIdChanged: 'true' })
  const client = await server.connect()
  const group = { name: 'broker-a', topics: ['T1', 'T2'] }
  await client.request(registration({ ...group, address: `127.0.0.1:${port}`, id: 1 }))
  await client.request(registration({ ...group, address: '127.0.0.1:1', id: 0 }))
  expect(JSON.parse(await notified)).toMatchObject({
    code: 905,
    flag: 2,
    extFields: { minBrokerId: '0', minBrokerAddr: '127.0.0.1:1' },
  })
})
