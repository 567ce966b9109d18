import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificateAuthority, writeIdentity } from '../support/certificates.ts'
import { get } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { createServer, startServer, temporaryFolder } from '../support/start-server.ts'
import { until } from '../support/until.ts'

const EVENTS = '/api/v1/events'

/** A port of loopback that is in use. */
async function usedPort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return Number((server.address() as { port: number }).port)
}

function tokenFile(text: string, mode = 0o600): string {
  const path = join(temporaryFolder(), 'token')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('the HTTP port', () => {
  test('in use is one warning, and the server starts without it', async () => {
    const port = await usedPort()
    const { lines, httpPort, connect } = await startServer({ httpListenPort: `${port}` })
    expect(httpPort).toBeUndefined()
    expect(lines.filter(({ level }) => level !== 'info')).toEqual([
      {
        level: 'warn',
        msg: 'HTTP server not started: serving without it',
        httpBindAddress: '127.0.0.1',
        httpListenPort: port,
        error: 'address already in use (EADDRINUSE)',
      },
    ])
    await connect()
  })

  test('in use fails the start with httpRequired, and the remoting port is free again', async () => {
    const listenPort = await usedPort()
    const free = await startServer()
    await free.controller.shutdown()
    const { controller } = createServer({
      listenPort: `${free.port}`,
      httpListenPort: `${listenPort}`,
      httpRequired: 'true',
    })
    await expect(controller.start()).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'listen',
      port: listenPort,
    })
    await expect(RawClient.connect(free.port)).rejects.toThrow('ECONNREFUSED')
  })

  test('counts responses by the path of their view or route and by status, whatever paths are asked', async () => {
    const { httpPort = 0, controller } = await startServer({ httpListenPort: 'any' })
    await get(httpPort, '/livez?verbose')
    await get(httpPort, `${EVENTS}?limit=1`)
    await get(httpPort, `${EVENTS}?limit=x`)
    await get(httpPort, '/rocketmq/nsaddr-unit')
    for (const path of ['/random1', '/random2', '/api/v1/random3']) await get(httpPort, path)
    await get(httpPort, EVENTS, 'Host: evil.example')
    await get(httpPort, EVENTS, 'X: a\0b')
    expect(controller.counters.httpResponses).toEqual(
      new Map([
        ['/livez', new Map([[200, 1]])],
        [
          EVENTS,
          new Map([
            [200, 1],
            [400, 1],
            [421, 1],
          ]),
        ],
        ['/rocketmq/nsaddr', new Map([[200, 1]])],
        [
          'other',
          new Map([
            [404, 3],
            [400, 1],
          ]),
        ],
      ]),
    )
  })
})

test('without httpAllowedHosts, an empty or malformed host is rejected', async () => {
  const { httpPort = 0 } = await startServer({ httpListenPort: 'any' })
  expect(await get(httpPort, EVENTS, 'Host: ')).toMatch(/^HTTP\/1\.1 421 /)
  expect(await get(httpPort, EVENTS, 'Host: evil.example:abc')).toMatch(/^HTTP\/1\.1 400 /)
})

test.each([
  ['127.0.0.1', false, 0],
  ['0.0.0.0', true, 0],
  ['0.0.0.0', false, 1],
])('httpBindAddress=%s, with a token: %s, is %i warnings', async (httpBindAddress, hasToken, warnings) => {
  const { lines } = await startServer({
    httpListenPort: 'any',
    httpBindAddress,
    httpTokenFile: hasToken ? tokenFile('s3cret') : '',
  })
  expect(lines.filter(({ level }) => level === 'warn')).toEqual(
    Array.from({ length: warnings }, () => ({
      level: 'warn',
      msg: '/metrics is open to other machines without a token',
      httpBindAddress,
    })),
  )
})

describe('httpTokenFile', () => {
  test('is the token that the views require, and health checks do not', async () => {
    const { httpPort = 0, lines } = await startServer({
      httpListenPort: 'any',
      httpTokenFile: tokenFile('s3cret\n'),
    })
    expect(await get(httpPort, EVENTS)).toMatch(/^HTTP\/1\.1 401 /)
    expect(await get(httpPort, EVENTS, 'Authorization: Bearer s3cret')).toMatch(/^HTTP\/1\.1 200 /)
    for (const path of ['/livez', '/readyz', '/version', '/rocketmq/nsaddr'])
      expect(await get(httpPort, path)).toMatch(/^HTTP\/1\.1 200 /)
    expect(JSON.stringify(lines)).not.toContain('s3cret')
    expect(lines.filter(({ msg }) => msg.startsWith('httpTokenFile'))).toEqual([])
  })

  test('takes effect when it changes; one that cannot be used leaves the previous token in effect', async () => {
    const path = tokenFile('first')
    const { httpPort = 0, time, lines } = await startServer({ httpListenPort: 'any', httpTokenFile: path })
    const statusOf = async (token: string): Promise<string | undefined> =>
      /^HTTP\/1\.1 (\d+)/.exec(await get(httpPort, EVENTS, `Authorization: Bearer ${token}`))?.[1]
    const replace = (text: string): void => {
      writeFileSync(`${path}.new`, text, { mode: 0o600 })
      renameSync(`${path}.new`, path)
      time.advance(1_000)
    }
    replace('second')
    expect(await statusOf('first')).toBe('401')
    expect(await statusOf('second')).toBe('200')
    replace('two words')
    expect(await statusOf('second')).toBe('200')
    expect(lines.filter(({ msg }) => msg.startsWith('httpTokenFile'))).toMatchObject([
      { level: 'info', msg: 'httpTokenFile changed; the new token is in effect', path },
      {
        level: 'error',
        msg: 'httpTokenFile changed and cannot be used; the previous token stays in effect',
        error: 'it must have one line of ASCII characters without spaces',
      },
    ])
  })

  test('that all users can read is a warning', async () => {
    const { lines } = await startServer({ httpListenPort: 'any', httpTokenFile: tokenFile('t', 0o644) })
    expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { msg: 'httpTokenFile is readable by all users; restrict its permissions' },
    ])
  })

  test.each([
    ['that is missing', undefined, 'no such file or directory (ENOENT)'],
    ['that is empty', '\n', 'it must have one line of ASCII characters without spaces'],
    ['of two lines', 'a\nb', 'it must have one line of ASCII characters without spaces'],
    ['that is too long', 'a'.repeat(4_097), 'it has 4097 bytes, more than 4096'],
  ])('%s fails the start', async (_, text, problem) => {
    const path = text === undefined ? join(temporaryFolder(), 'none') : tokenFile(text)
    const { controller } = createServer({ httpListenPort: 'any', httpTokenFile: path })
    await expect(controller.start()).rejects.toMatchObject({
      code: 'ERR_CONFIG_FILE',
      message: `httpTokenFile=${JSON.stringify(path)} cannot be used: ${problem}`,
    })
    await controller.shutdown()
  })
})

describe('httpTls', () => {
  const authority = certificateAuthority('Test CA')

  /** The body of `/readyz?verbose`, and the name in the certificate. */
  function probe(port = 0): Promise<{ readonly body: string; readonly name: unknown }> {
    return new Promise((resolve, reject) => {
      const options = { ca: authority.cert, checkServerIdentity: () => undefined, agent: false }
      const sent = request(`https://127.0.0.1:${port}/readyz?verbose`, options, async (response) => {
        const { socket } = response as unknown as { socket: import('node:tls').TLSSocket }
        const { CN: name } = socket.getPeerCertificate().subject
        resolve({ body: await text(response), name })
      })
      sent.on('error', reject).end()
    })
  }

  test.each(['disabled', 'permissive', 'enforcing'])(
    'serves HTTPS with the certificate of the server, and with a new one when its files change; tls.server.mode is %s',
    async (mode) => {
      const folder = temporaryFolder()
      const { keyPath, certPath } = writeIdentity(folder, 'server', authority.issue('first'))
      const { httpPort, time } = await startServer({
        httpListenPort: 'any',
        httpTls: 'true',
        'tls.config.file': join(folder, 'none'),
        'tls.server.mode': mode,
        'tls.test.mode.enable': 'false',
        'tls.server.keyPath': keyPath,
        'tls.server.certPath': certPath,
        'tls.server.need.client.auth': 'require',
      })
      expect((await probe(httpPort)).name).toBe('first')
      writeIdentity(folder, 'server', authority.issue('second'))
      time.advance(500)
      await expect.poll(async () => (await probe(httpPort)).name).toBe('second')
      expect(await get(httpPort ?? 0, '/livez')).not.toContain('HTTP/1.1 200')
    },
  )

  test.each(['false', 'true'])(
    'that cannot be used while tls.server.mode is disabled fails only the HTTP port; httpRequired is %s',
    async (httpRequired) => {
      const { controller, lines } = createServer({
        httpListenPort: 'any',
        httpTls: 'true',
        httpRequired,
        'tls.server.mode': 'disabled',
        'tls.ciphers': 'NO-SUCH-CIPHER',
      })
      if (httpRequired === 'true') await expect(controller.start()).rejects.toThrow('NO-SUCH-CIPHER')
      else expect((await controller.start()).httpPort).toBeUndefined()
      expect(lines.filter(({ msg }) => msg.startsWith('TLS '))).toEqual([
        { level: 'info', mode: 'disabled', msg: 'TLS is disabled' },
      ])
      await controller.shutdown()
    },
  )

  test.each(['disabled', 'permissive'])(
    'opens the port when unusable certificate files are repaired; tls.server.mode is %s',
    async (mode) => {
      const folder = temporaryFolder()
      const { keyPath, certPath } = writeIdentity(folder, 'server', { key: 'broken', cert: 'broken' })
      const { httpPort, lines, time, controller } = await startServer({
        httpListenPort: 'any',
        httpTls: 'true',
        'tls.config.file': join(folder, 'none'),
        'tls.server.mode': mode,
        'tls.test.mode.enable': 'false',
        'tls.server.keyPath': keyPath,
        'tls.server.certPath': certPath,
      })
      expect(httpPort).toBeUndefined()
      const started = () => lines.filter(({ msg }) => msg === 'HTTP server started')
      expect(started()).toEqual([])
      writeIdentity(folder, 'server', authority.issue('first'))
      time.advance(500)
      await until('the port is open', () => started().length > 0)
      const port = Number(started()[0]?.['port'])
      const { body, name } = await probe(port)
      expect(name).toBe('first')
      expect(body).toContain('[+]selfProbe ok\n')
      writeIdentity(folder, 'server', authority.issue('second'))
      time.advance(500)
      await expect.poll(async () => (await probe(port)).name).toBe('second')
      expect(started()).toHaveLength(1)
      await controller.shutdown()
      await expect(probe(port)).rejects.toThrow('ECONNREFUSED')
    },
  )

  test('uses the certificate of the test mode, like the remoting port', async () => {
    const { httpPort } = await startServer({ httpListenPort: 'any', httpTls: 'true' })
    await expect(probe(httpPort)).rejects.toThrow('self-signed certificate')
  })

  test('without a usable certificate leaves the port closed, and never serves plaintext', async () => {
    const { httpPort, lines } = await startServer({
      httpListenPort: 'any',
      httpTls: 'true',
      'tls.test.mode.enable': 'false',
    })
    expect(httpPort).toBeUndefined()
    await until('a line says so', () => lines.some(({ msg }) => msg.startsWith('HTTP server not started')))
    expect(lines.find(({ msg }) => msg.startsWith('HTTP server not started'))).toMatchObject({
      level: 'warn',
      error: expect.stringContaining('set both tls.server.keyPath and tls.server.certPath'),
    })
  })
})
