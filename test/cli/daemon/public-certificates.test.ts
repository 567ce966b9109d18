import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { certificateAuthority, writeCertificate, writeIdentity } from '../../support/certificates.ts'
import { startProgram } from '../../support/program.ts'
import { headerOf } from '../../support/raw-client.ts'
import { lookup } from '../../support/requests.ts'
import { temporaryFolder } from '../../support/start-server.ts'
import { connectTls } from '../../support/tls-client.ts'

const ACCESS_FILE = `
profile: strict
certificates: [{ commonName: "broker-*", roles: [broker] }]
rules: [{ allow: [admin], from: loopback }]
`

/** Settings of a server that verifies client certificates, and a client whose certificate is of an authority that Node knows. */
function publicAuthority() {
  const authority = certificateAuthority('Public CA')
  const folder = temporaryFolder()
  const { keyPath, certPath } = writeIdentity(folder, 'server', authority.issue('server'))
  const trustCertPath = writeCertificate(folder, 'public', authority.cert)
  const accessFile = join(folder, 'access.yml')
  writeFileSync(accessFile, ACCESS_FILE)
  const settings = {
    NODE_EXTRA_CA_CERTS: trustCertPath,
    MQNAMESRV_LISTEN_PORT: '0',
    MQNAMESRV_ACCESS_FILE: accessFile,
    MQNAMESRV_TLS_CONFIG_FILE: join(folder, 'none'),
    MQNAMESRV_TLS_TEST_MODE_ENABLE: 'false',
    MQNAMESRV_TLS_SERVER_KEY_PATH: keyPath,
    MQNAMESRV_TLS_SERVER_CERT_PATH: certPath,
    MQNAMESRV_TLS_SERVER_AUTH_CLIENT: 'true',
    MQNAMESRV_TLS_SERVER_NEED_CLIENT_AUTH: 'require',
  }
  return { settings, trustCertPath, client: authority.issue('broker-x.attacker.example') }
}

test.each([
  ['proves nothing without tls.server.trustCertPath, and a line says so', false, 16, true],
  ['proves a broker if tls.server.trustCertPath names its authority', true, 17, false],
])('the certificate of a public authority %s', async (_, isNamed, code, isWarned) => {
  const { settings, trustCertPath, client } = publicAuthority()
  const { stdout } = startProgram('pipe', {
    ...settings,
    ...(isNamed && { MQNAMESRV_TLS_SERVER_TRUST_CERT_PATH: trustCertPath }),
  })
  const lines: string[] = []
  let port = 0
  for await (const line of createInterface({ input: stdout ?? Readable.from([]) })) {
    lines.push(line)
    port = Number(/boot success.* address [^"]*:(\d+)/.exec(line)?.[1] ?? 0)
    if (port > 0) break
  }
  const connected = await connectTls(port, client)
  expect(headerOf(await connected.client.request(lookup('TopicA'))).code).toBe(code)
  const warning = lines.find((line) => line.includes('client certificates prove nothing'))
  expect(warning !== undefined).toBe(isWarned)
})
