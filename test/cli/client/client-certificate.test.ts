import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { certificateAuthority, writeCertificate, writeIdentity } from '../../support/certificates.ts'
import { temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'

const authority = certificateAuthority('our authority')

test('--tls-cert and --tls-key show the server who asks', async () => {
  const folder = temporaryFolder()
  const ca = writeCertificate(folder, 'ca', authority.cert)
  const { keyPath, certPath } = writeIdentity(folder, 'client', authority.issue('operator'))
  const subjects: unknown[] = []
  const onConnection = (socket: TLSSocket): void => {
    subjects.push(socket.authorized, socket.getPeerCertificate().subject.CN)
    socket.destroy()
  }
  const options = { ...authority.issue('namesrv.example.com'), ca: authority.cert, requestCert: true }
  const server = createServer(options, onConnection).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const argv = ['ping', '-n', address, '--tls-ca', ca, '--tls-server-name', 'namesrv.example.com']
  const { code } = await runCli([...argv, '--tls-cert', certPath, '--tls-key', keyPath])
  expect(code).toBe(3)
  expect(subjects).toEqual([true, 'operator'])
})

test('--tls-cert without --tls-key is a mistake', async () => {
  const { certPath } = writeIdentity(temporaryFolder(), 'client', authority.issue('operator'))
  expect(await runCli(['ping', '-n', '127.0.0.1:1', '--tls-cert', certPath])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--tls-cert and --tls-key belong together'),
  })
})
