import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../scripts/support/ports.ts'
import { COMMANDS } from '../../src/cli/grammar/commands.ts'
import { certificateAuthority, writeCertificate, writeIdentity } from '../support/certificates.ts'
import { checkout, runCommand } from '../support/command.ts'
import { type Received, startFakePeer } from '../support/fake-peer.ts'
import { frame } from '../support/raw-client.ts'
import { startServer, temporaryFolder } from '../support/start-server.ts'
import { runCli } from './run-cli.ts'

/** Listens on a free port until the test is over. @returns `127.0.0.1:port` */
async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server that does something with each connection. */
function serverThat(serve: (socket: Socket) => void): Promise<string> {
  return listen(createServer(serve))
}

/** A server that sends some bytes when a request arrives. */
function serverSending(...bytes: readonly (Buffer | string)[]): Promise<string> {
  return serverThat((socket) => {
    socket.once('data', () => {
      for (const part of bytes) socket.write(part)
    })
  })
}

/** A server that responds to each request. */
async function serverResponding(
  response: (request: Received['header']) => { readonly code: number; readonly remark?: string },
  bodyOf: (request: Received['header']) => string = () => '',
): Promise<string> {
  const { address } = await startFakePeer(({ header, socket }) => {
    const { opaque } = header
    const head = { flag: 1, language: 'JAVA', opaque, serializeTypeCurrentRPC: 'JSON', version: 513 }
    socket.write(frame(JSON.stringify({ ...head, ...response(header) }), bodyOf(header)))
  })
  return address
}

function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length)
  for (const [index, number] of numbers.entries()) bytes.writeInt32BE(number, 4 * index)
  return bytes
}

/** One line of a command on stderr, with ADDRESS in place of the address. */
async function failure(address: string, ...argv: readonly string[]) {
  const { code, stdout, stderr } = await runCli([...argv, '-n', address, '-o', 'json', '--timeout', '10s'])
  const line = stderr.replaceAll(address, 'ADDRESS')
  const [error] = (JSON.parse(stdout) as { errors: { code: string; message: string; namesrv: string }[] })
    .errors
  expect(stderr).toBe(`mqnamesrv: ${error?.message}\n`)
  expect(error?.namesrv).toBe(address)
  return { code, reason: error?.code, line: line.replace(/^mqnamesrv: |\n$/g, '') }
}

describe.each([['ping'], ['cluster list']])('%s', (command) => {
  const argv = command.split(' ')

  test.each<[string, () => Promise<string>, string, string]>([
    [
      'where nothing listens',
      async () => `127.0.0.1:${await freePort()}`,
      'unreachable',
      'connection to ADDRESS failed: connection refused (ECONNREFUSED)',
    ],
    [
      'with an unknown host',
      async () => 'namesrv.invalid:9876',
      'unreachable',
      'connection to ADDRESS failed: unknown host name (ENOTFOUND)',
    ],
    [
      'that closes at once',
      () => serverThat((socket) => socket.end()),
      'unreachable',
      'ADDRESS closed the connection before it responded (if it accepts TLS only, use --tls)',
    ],
    [
      'that resets',
      () => serverThat((socket) => socket.once('data', () => socket.resetAndDestroy())),
      'unreachable',
      'ADDRESS closed the connection before it responded (if it accepts TLS only, use --tls)',
    ],
    [
      'that speaks HTTP',
      () => serverSending('HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n400 Bad Request'),
      'protocol',
      'ADDRESS does not speak RocketMQ\'s protocol: it sent "HTTP/1.1 400 Bad Request"',
    ],
    [
      'that speaks SSH',
      () => serverThat((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1 Debian\r\n')),
      'protocol',
      'ADDRESS does not speak RocketMQ\'s protocol: it sent "SSH-2.0-OpenSSH_9.2p1 Debian"',
    ],
    [
      'that speaks SSH and closes',
      () => serverThat((socket) => socket.end('SSH-2.0-x\r\n')),
      'protocol',
      'ADDRESS does not speak RocketMQ\'s protocol: it sent "SSH-2.0-x"',
    ],
    [
      'that sends hostile text',
      () => serverSending(`220 \x1b[2J${'x'.repeat(200)}`),
      'protocol',
      `ADDRESS does not speak RocketMQ's protocol: it sent "220 \\u001b[2J${'x'.repeat(52)}"`,
    ],
    [
      'that sends random bytes',
      () => serverSending(Buffer.from('9f02cca7d1bb0e4477', 'hex')),
      'protocol',
      "ADDRESS does not speak RocketMQ's protocol: frame length -1627206489 is negative",
    ],
    [
      'that announces a response of two gigabytes',
      () => serverSending(words(0x7fff_fff0, 10)),
      'protocol',
      'the response from ADDRESS is too long: over 256 MiB',
    ],
    ...[words(0x7fff_fff0), words(0x7fff_fff0, 0), words(0x7fff_fff0, 0x0200_000a)].map(
      (bytes): [string, () => Promise<string>, string, string] => [
        `that sends ${bytes.toString('hex')}`,
        () => serverSending(bytes),
        'protocol',
        "ADDRESS does not speak RocketMQ's protocol: frame of 2147483636 bytes exceeds com.rocketmq.remoting.frameMaxLength (268435456)",
      ],
    ),
    [
      'that sends a frame without a header',
      () => serverSending(words(4, 0)),
      'protocol',
      "ADDRESS does not speak RocketMQ's protocol: header length 0 does not fit a frame of 4 bytes",
    ],
    [
      'that sends a header that is none',
      () => serverSending(frame('[1,2')),
      'protocol',
      expect.stringMatching(/^ADDRESS does not speak RocketMQ's protocol: /),
    ],
    [
      'that sends an alert of TLS',
      () => serverSending(Buffer.from('15030100020246', 'hex')),
      'tls',
      'ADDRESS accepts TLS only: use --tls',
    ],
  ])('of a server %s ends with 3 and one line', async (_, server, reason, line) => {
    expect(await failure(await server(), ...argv)).toEqual({ code: 3, reason, line })
  })

  test.each<[string, () => Promise<string>]>([
    ['that never responds', () => serverThat(() => {})],
    ['that stops in the middle of a frame', () => serverSending(words(100, 50), '{"code":0')],
    ['that responds byte by byte', () => serverThat(dripping)],
    [
      'that responds to other requests',
      () => serverSending(frame('{"code":0,"flag":1,"opaque":4711,"version":513}')),
    ],
    [
      'that sends requests only',
      () => serverSending(frame('{"code":105,"flag":0,"opaque":0,"version":513}')),
    ],
  ])('of a server %s ends with 3 after the timeout', async (_, server) => {
    const address = await server()
    const message = `no response from ${address} within 500 ms`
    const { code, stdout, stderr } = await runCli([...argv, '-n', address, '--timeout', '500ms', '--json'])
    expect([code, stderr]).toEqual([3, `mqnamesrv: ${message}\n`])
    expect(JSON.parse(stdout)).toEqual({
      items: [],
      errors: [{ code: 'timeout', message, namesrv: address }],
    })
  })
})

/** Sends a byte of an endless response each time the loop turns. */
function dripping(socket: Socket): void {
  socket.write(words(1_000_000, 10))
  const next = (): void => {
    if (!socket.destroyed) socket.write('.', () => setImmediate(next))
  }
  socket.once('data', next)
}

describe('cluster list', () => {
  const list = ['cluster', 'list']

  test('of a server that denies it ends with 4', async () => {
    const address = await serverResponding(() => ({ code: 16, remark: 'User:x has no permission\nstack' }))
    expect(await failure(address, ...list)).toEqual({
      code: 4,
      reason: 'denied',
      line: 'User:x has no permission',
    })
  })

  test('names the server that denies it if several are asked', async () => {
    const other = `127.0.0.1:${(await startServer()).port}`
    const address = await serverResponding(() => ({ code: 16, remark: 'denied' }))
    const { code, stderr } = await runCli([...list, '-n', `${other};${address}`])
    const lines = [`${other}: no brokers are registered`, `mqnamesrv: ${address}: denied`, '']
    expect([code, stderr.split('\n')]).toEqual([5, lines])
  })

  test.each<[string, number, string | undefined, number, string, string]>([
    ['fails', 1, 'boom', 1, 'failed', 'boom'],
    ['fails without a word', 1, undefined, 1, 'failed', 'response code 1'],
    [
      'does not know the request',
      3,
      ' request type 106 not supported',
      1,
      'not_supported',
      'request type 106 not supported',
    ],
    ['is shutting down', 1500, undefined, 3, 'unreachable', 'ADDRESS is shutting down'],
  ])('of a server that %s says so', async (_, response, remark, code, reason, line) => {
    const address = await serverResponding(() =>
      remark === undefined ? { code: response } : { code: response, remark },
    )
    expect(await failure(address, ...list)).toEqual({ code, reason, line })
  })

  test.each(['', 'null', '[]', '{"brokerAddrTable":5}', '{"brokerAddrTable":{"a":', 'x'.repeat(100)])(
    'of a server whose body is %j says so or has no clusters',
    async (body) => {
      const address = await serverResponding(
        () => ({ code: 0 }),
        () => body,
      )
      const { code, stderr } = await runCli([...list, '-n', address])
      if (code === 0) expect(stderr).toBe(`${address}: no brokers are registered\n`)
      else
        expect([code, stderr.replaceAll(address, 'ADDRESS')]).toEqual([
          3,
          expect.stringMatching(/^mqnamesrv: unreadable response from ADDRESS: .+\n$/),
        ])
    },
  )
})

const ONGOING = ['watch', 'top', 'observe']
const ASKING = COMMANDS.filter(({ words, isLocal = false }) => !isLocal && !ONGOING.includes(words))

describe.each(ASKING)('$words', ({ words, args = [], isChange = false }) => {
  test.each(['{}', 'null', '[]', '5', '{"topics":5,"brokers":"x","keys":null}'])(
    'of a server whose views are %s ends with one line for each failure, and no stack',
    async (view) => {
      const address = await serverResponding(
        () => ({ code: 0 }),
        ({ code }) => (code === 1450 ? view : '{}'),
      )
      const names = args.filter(({ isOptional = false }) => !isOptional).map(() => 'name=value')
      const argv = [...words.split(' '), ...names, ...(isChange ? ['-y'] : []), '-n', address]
      const { code, stderr } = await runCli(argv)
      expect([0, 1, 2, 3, 5]).toContain(code)
      expect(stderr).not.toMatch(/^ +at /m)
      const lines = stderr.split('\n').filter((line) => line.includes('unexpected response'))
      if (code === 3)
        expect(lines).toEqual([
          expect.stringMatching(
            `^mqnamesrv: unexpected response from ${address} \\(is it mqnamesrv of another version\\?\\): .+`,
          ),
        ])
    },
  )
})

/** The address of a server that gives a JSON body for each path of a view. */
function serverWithView(bodyOf: (path: string) => unknown): Promise<string> {
  return serverResponding(
    () => ({ code: 0 }),
    ({ code, extFields = {} }) => (code === 1450 ? JSON.stringify(bodyOf(extFields['path'] ?? '')) : '{}'),
  )
}

describe('a view in pages', () => {
  test.each(['broker list', 'kv list', 'dump'])(
    'that does not end is an unexpected response to %s',
    async (words) => {
      const lists = { brokers: [], entries: [], topics: [], clusters: [] }
      const address = await serverWithView(() => ({ ...lists, next: 'x' }))
      expect(await runCli([...words.split(' '), '-n', address])).toEqual({
        code: 3,
        stdout: '',
        stderr: `mqnamesrv: unexpected response from ${address}: its pages are out of order\n`,
      })
    },
  )

  test('is read to its end', async () => {
    const entry = (key: string) => ({ namespace: 'n', key, value: 'v' })
    const address = await serverWithView((path) =>
      path.endsWith('after=a') ? { entries: [entry('b')], next: null } : { entries: [entry('a')], next: 'a' },
    )
    expect((await runCli(['kv', 'list', '-n', address, '-o', 'name'])).stdout).toBe('n/a\nn/b\n')
  })

  test('may have more elements than a function takes arguments', async () => {
    const entries = new Array(200_000).fill({ namespace: 'n', key: 'k', value: 'v' })
    const address = await serverWithView(() => ({ entries, next: null }))
    expect(await runCli(['kv', 'list', '-n', address, '-o', 'name'])).toEqual({
      code: 0,
      stdout: 'n/k\n',
      stderr: '',
    })
  })
})

test('a list of more than 16 MiB is read', async () => {
  const topics = Array.from({ length: 1_000 }, (_, index) => `${index}${'x'.repeat(20_000)}`)
  const address = await serverResponding(
    () => ({ code: 0 }),
    () => JSON.stringify({ topicList: topics }),
  )
  const { code, stdout } = await runCli(['topic', 'list', '-n', address, '-o', 'name'])
  expect([code, stdout.split('\n').length]).toEqual([0, 1_001])
})

test('a view that the server denies is named with the server and its reason', async () => {
  const address = await serverResponding(() => ({
    code: 16,
    remark: 'username cannot be null. (request 1450)',
  }))
  expect(await failure(address, 'events')).toEqual({
    code: 4,
    reason: 'denied',
    line: 'ADDRESS does not show this: username cannot be null. (request 1450)',
  })
})

describe('over TLS', () => {
  const authority = certificateAuthority('our authority')
  const other = certificateAuthority('another authority')

  /** A server of that identity; it speaks TLS and nothing else. */
  function tlsServer(identity: { readonly key: string; readonly cert: string }): Promise<string> {
    return listen(
      createTlsServer(identity, (socket) => socket.on('error', () => {})).on('tlsClientError', () => {}),
    )
  }

  function caFile(cert = authority.cert): string {
    return writeCertificate(temporaryFolder(), 'ca', cert)
  }

  test.each<[string, () => Promise<string>, () => string[], string]>([
    [
      'a certificate of another authority',
      () => tlsServer(other.issue('127.0.0.1')),
      () => ['--tls-ca', caFile()],
      'TLS handshake with ADDRESS failed: the certificate is of an unknown authority (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
    ],
    [
      'a certificate for another name',
      () => tlsServer(authority.issue('namesrv.example.com')),
      () => ['--tls-ca', caFile(), '--tls-server-name', 'other.example.com'],
      "TLS handshake with ADDRESS failed: Hostname/IP does not match certificate's altnames: Host: other.example.com. is not in the cert's altnames: DNS:namesrv.example.com",
    ],
    [
      'a certificate that has expired',
      () => tlsServer(authority.issue('namesrv.example.com', { notAfter: new Date('2020-01-01T00:00:00Z') })),
      () => ['--tls-ca', caFile(), '--tls-server-name', 'namesrv.example.com'],
      'TLS handshake with ADDRESS failed: certificate has expired',
    ],
    [
      'no TLS, but HTTP',
      () => serverSending('HTTP/1.1 400 Bad Request\r\n\r\n'),
      () => ['--tls'],
      'TLS handshake with ADDRESS failed: wrong version number (does it accept TLS?)',
    ],
    [
      'no TLS, and closes',
      () => serverThat((socket) => socket.once('data', () => socket.end())),
      () => ['--tls'],
      'TLS handshake with ADDRESS failed: it closed the connection (does it accept TLS?)',
    ],
  ])('a server with %s ends ping with 3 and one line', async (_, server, options, line) => {
    expect(await failure(await server(), 'ping', ...options())).toEqual({ code: 3, reason: 'tls', line })
  })

  test('a server that accepts the connection and says nothing ends ping after the timeout', async () => {
    const address = await serverThat(() => {})
    const { code, stderr } = await runCli(['ping', '-n', address, '--tls', '--timeout', '100ms'])
    expect([code, stderr]).toEqual([3, `mqnamesrv: no TLS connection to ${address} within 100 ms\n`])
  })

  test('our server without TLS is named as such', async () => {
    const { port } = await startServer({ 'tls.server.mode': 'disabled' })
    const line = 'TLS handshake with ADDRESS failed: it closed the connection (does it accept TLS?)'
    expect(await failure(`127.0.0.1:${port}`, 'ping', '--tls')).toEqual({ code: 3, reason: 'tls', line })
  })

  test('our server that enforces TLS is reached with it, and names it without', async () => {
    const folder = temporaryFolder()
    const { keyPath, certPath } = writeIdentity(folder, 'server', authority.issue('namesrv.example.com'))
    const { port } = await startServer({
      'tls.server.mode': 'enforcing',
      'tls.test.mode.enable': 'false',
      'tls.server.keyPath': keyPath,
      'tls.server.certPath': certPath,
    })
    const address = `127.0.0.1:${port}`
    expect(await failure(address, 'ping')).toEqual({
      code: 3,
      reason: 'unreachable',
      line: 'ADDRESS closed the connection before it responded (if it accepts TLS only, use --tls)',
    })
    for (const options of [['--tls'], ['--tls-ca', caFile(), '--tls-server-name', 'namesrv.example.com']])
      expect(await runCli(['ping', '-n', address, '-o', 'name', ...options])).toEqual({
        code: 0,
        stdout: `${address}\n`,
        stderr: '',
      })
  })

  test('a server that wants a certificate of the client says so', async () => {
    const identity = { ...authority.issue('127.0.0.1'), ca: authority.cert, requestCert: true }
    const address = await tlsServer(identity)
    const { code, reason, line } = await failure(address, 'ping', '--tls')
    expect([code, reason]).toEqual([3, 'tls'])
    expect(line).toMatch(/^TLS handshake with ADDRESS failed: .*certificate required/)
  })
})

test('as a process, a command ends soon after its timeout, with a server that never responds', async () => {
  const address = await serverThat(() => {})
  const { output, ended } = runCommand([checkout(), 'ping', '-n', address, '--timeout', '200ms'])
  expect(await ended).toBe(3)
  expect(output).toEqual({ stdout: '', stderr: `mqnamesrv: no response from ${address} within 200 ms\n` })
})
