import { spawnSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type HttpHandler,
  type HttpResponse,
  HttpServer,
  type HttpServerOptions,
  textResponse,
} from '../../src/http/http-server.ts'
import { type HttpProblem, RequestGuard, type RequestGuardOptions } from '../../src/http/request-guard.ts'
import { certificateAuthority } from '../support/certificates.ts'
import { until } from '../support/until.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

const echo: HttpHandler = ({ path, query }) => textResponse(200, `${path} ${query.get('q') ?? '-'}`)

async function started(
  given: Partial<HttpServerOptions> & { readonly guarded?: Partial<RequestGuardOptions> } = {},
) {
  const { guarded, ...options } = given
  const rejected: HttpProblem[] = []
  const failures: unknown[] = []
  const responses: string[] = []
  const guard = new RequestGuard({
    token: () => undefined,
    denialOf: () => undefined,
    allowedHosts: [],
    isOpen: (path) => path === '/livez',
    ...guarded,
  })
  const server = new HttpServer({
    bindAddress: '127.0.0.1',
    listenPort: 0,
    maxConnections: 100,
    guard,
    handle: echo,
    onRejected: (_, problem) => rejected.push(problem),
    onFailure: (_, __, error) => failures.push(error),
    onResponse: (path, status) => responses.push(`${status} ${path}`),
    ...options,
  })
  const { port } = await server.start()
  ends.push(() => {
    server.cut()
    void server.stop()
  })
  return { server, port, rejected, failures, responses }
}

/** Sends bytes, and collects what comes until the server closes the connection, or until a text has come. */
function exchange(port: number, sent: string, until?: string, localAddress = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', localAddress }
    const socket: Socket = connect(options, () => socket.write(sent))
    ends.push(() => socket.destroy())
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      received += text
      if (until !== undefined && received.includes(until)) resolve(received)
    })
    socket.on('close', () => resolve(`${received}[closed]`))
    socket.on('error', reject)
  })
}

/** What was accepted and closed while another process connected, and reset the connection before it could be accepted. */
async function resetBeforeAccept(port: number): Promise<boolean[]> {
  const closedAtOnce: boolean[] = []
  const look = (message: unknown) => {
    const { socket } = message as { readonly socket: Socket }
    closedAtOnce.push(socket.destroyed)
  }
  subscribe('net.server.socket', look)
  ends.push(() => unsubscribe('net.server.socket', look))
  // The event loop stands still meanwhile.
  const check = `const s = require('node:net').connect(${port}, '127.0.0.1', () => s.resetAndDestroy())`
  spawnSync(process.execPath, ['-e', check])
  await until('it is accepted', () => closedAtOnce.length > 0)
  return closedAtOnce
}

/** Sends bytes, and resets the connection at once. */
async function resetAfter(port: number, sent: string, withTls: boolean): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  const sender = withTls ? connectTls({ socket, rejectUnauthorized: false }) : socket
  sender.on('error', () => {})
  await new Promise((resolve) => sender.once(withTls ? 'secureConnect' : 'connect', resolve))
  await new Promise((resolve) => sender.write(sent, resolve))
  socket.resetAndDestroy()
}

const get = (path: string, ...headers: string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n')

describe('The HTTP server', () => {
  it('answers a GET with strict security headers', async () => {
    const { port, responses } = await started()
    const response = await exchange(port, get('/x/y?q=1'), '/x/y 1\n')
    expect(response).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(response).toContain("Content-Security-Policy: default-src 'none'")
    expect(response).toContain('X-Content-Type-Options: nosniff')
    expect(response).toContain('Cache-Control: no-store')
    expect(response).not.toContain('Access-Control')
    expect(responses).toEqual(['200 /x/y'])
  })

  it.each([
    ['', undefined],
    [' with TLS', certificateAuthority('CA').issue('localhost')],
  ])('closes a connection at once that was reset before it is accepted%s', async (_, tls) => {
    const { port, rejected, failures } = await started({ tls })
    expect(await resetBeforeAccept(port)).toEqual([true])
    expect([rejected, failures]).toEqual([[], []])
  })

  it('answers a HEAD as the GET, without the body', async () => {
    const { port } = await started()
    const response = await exchange(
      port,
      get('/x').replace('GET', 'HEAD').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
    )
    expect(response).toContain('Content-Length: 5')
    expect(response.endsWith('\r\n\r\n[closed]')).toBe(true)
  })

  it('answers a client that has the version of an ETag with 304', async () => {
    const { port } = await started({ handle: () => ({ ...textResponse(200, 'long'), etag: 'v7' }) })
    expect(await exchange(port, get('/'), 'long\n')).toContain('ETag: "v7"')
    const again = await exchange(port, get('/', 'If-None-Match: W/"v6", "v7"', 'Connection: close'))
    expect(again).toMatch(/^HTTP\/1\.1 304 /)
    expect(again).not.toContain('long')
  })

  it.each([
    ['another method', get('/').replace('GET', 'POST'), 405],
    ['DELETE', get('/').replace('GET', 'DELETE'), 405],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['a body', `${get('/', 'Content-Length: 3')}abc`, 400],
    ['a chunked body', `${get('/', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 400],
    [
      'both lengths (smuggling)',
      `${get('/', 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      400,
    ],
    ['an obscured Transfer-Encoding', `${get('/', 'Transfer-Encoding : chunked')}0\r\n\r\n`, 400],
    ['two lengths', get('/', 'Content-Length: 0', 'Content-Length: 0'), 400],
    ['two different lengths', `${get('/', 'Content-Length: 0', 'Content-Length: 30')}${get('/x')}`, 400],
    ['a list of lengths', get('/', 'Content-Length: 0, 0'), 400],
    ['a length with a sign', get('/', 'Content-Length: +0'), 400],
    ['a length in hexadecimal', get('/', 'Content-Length: 0x0'), 400],
    ['a length beyond 64 bits', get('/', 'Content-Length: 99999999999999999999'), 400],
    ['Transfer-Encoding in odd case', `${get('/', 'tRANSFER-eNCODING: cHUNKED')}0\r\n\r\n`, 400],
    ['an unknown Transfer-Encoding', `${get('/', 'Transfer-Encoding: xchunked')}0\r\n\r\n`, 400],
    ['Transfer-Encoding after a tab', `${get('/', 'Transfer-Encoding:\tchunked')}0\r\n\r\n`, 400],
    ['a Transfer-Encoding on a folded line', `${get('/', 'X: a', ' Transfer-Encoding: chunked')}`, 400],
    ['a Transfer-Encoding behind a bare CR', get('/', 'X: a\rTransfer-Encoding: chunked'), 400],
    ['a header without a name', get('/', ': x'), 400],
    ['a null byte in a header', get('/', 'X: a\0b'), 400],
    ['a space in the target', get('/a b'), 400],
    ['an unknown version', get('/').replace('HTTP/1.1', 'HTTP/9.9'), 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['TRACE', get('/').replace('GET', 'TRACE'), 405],
    ['OPTIONS of the server', get('*').replace('GET', 'OPTIONS'), 405],
    ['a host with a malformed port', get('/').replace('localhost', 'localhost:x'), 400],
    ['two ports', get('/').replace('localhost', 'localhost:1:2'), 400],
    ['a path of more than 8 KiB', get(`/${'a'.repeat(9_000)}`), 431],
    ['a thousand headers', get('/', ...Array.from({ length: 1_000 }, (_, number) => `X-${number}: 1`)), 431],
    ['an announced body', get('/', 'Expect: 100-continue', 'Content-Length: 3'), 400],
    ['another expectation', get('/', 'Expect: a-miracle'), 400],
    ['two hosts', get('/', 'Host: localhost'), 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['a host of its own (DNS rebinding)', get('/').replace('localhost', 'evil.example'), 421],
    ['a target with a host', get('http://localhost/'), 400],
    ['line folding', get('/', 'X: a', ' b'), 400],
    ['bare line feeds', 'GET / HTTP/1.1\nHost: localhost\n\n', 400],
    ['a frame of RocketMQ', '\0\0\0\x40\0\0\0\x3c{"code":105}', 400],
    ['headers of more than 8 KiB', get('/', `X: ${'a'.repeat(9_000)}`), 431],
  ])('rejects %s, and closes the connection', async (_, sent, status) => {
    const { port, rejected } = await started()
    const response = await exchange(port, sent)
    expect(response).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(response).toMatch(/Connection: close[\s\S]*\[closed\]$/)
    expect(rejected.map((problem) => problem.status)).toEqual([status])
  })

  it('rejects a request that does not wait for the response before it (pipelining)', async () => {
    const { port, responses } = await started()
    const response = await exchange(port, get('/1') + get('/2'))
    expect(response).toMatch(/^HTTP\/1\.1 400 [\s\S]*\[closed\]$/)
    expect(responses).toEqual(['400 '])
  })

  it.each([
    ['h2c', get('/x', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk')],
    ['websocket', get('/x', 'Connection: Upgrade', 'Upgrade: websocket')],
  ])('ignores an upgrade to %s, and serves the request', async (_, sent) => {
    const { port } = await started()
    expect(await exchange(port, sent + get('/y'))).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\/x -\n\[closed\]$/)
  })

  const identity = certificateAuthority('Test CA').issue('localhost')
  it.each([
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['an upgrade', get('/', 'Connection: Upgrade', 'Upgrade: h2c')],
  ])('survives a connection reset after %s, in plaintext and with TLS', async (_, sent) => {
    for (const tls of [undefined, identity]) {
      const { server, port } = await started({ tls })
      for (let time = 0; time < 20; time++) await resetAfter(port, sent, tls !== undefined)
      // The errors of its sockets would be uncaught.
      await server.stop()
    }
  })

  it('rejects pipelined requests on a connection that has had a response', async () => {
    const { port } = await started()
    const socket = connect(port, '127.0.0.1')
    ends.push(() => socket.destroy())
    let received = ''
    socket.setEncoding('latin1').on('data', (text) => {
      received += text
    })
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(get('/1'))
    await until('the first response', () => received.includes('/1 -'))
    socket.write(get('/2') + get('/3'))
    await closed
    expect(received.slice(received.indexOf('/1 -'))).toMatch(/^\/1 -\nHTTP\/1\.1 400 /)
  })

  it('counts no bytes of a response whose client has gone before the handler returned', async () => {
    const body = Buffer.alloc(40 * 1024 * 1024)
    let handled = 0
    let finish = (): void => {}
    const { port } = await started({
      handle: async (request) => {
        if (request.path !== '/large') return echo(request)
        handled++
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        await until('the client is gone', () => request.closed)
        await new Promise((resolve) => setImmediate(resolve))
        return { status: 200, contentType: 'text/plain', body }
      },
    })
    for (const count of [1, 2]) {
      const socket = connect(port, '127.0.0.1', () => socket.write(get('/large')))
      await until('it is handled', () => handled === count)
      socket.destroy()
      finish()
    }
    expect(await exchange(port, get('/x'), '\n/x -')).toContain(' 200 ')
  })

  it('rejects a response beyond the bytes that clients may leave unread, except on open paths', async () => {
    const { port, rejected } = await started({
      handle: ({ path }) => ({
        status: 200,
        contentType: 'text/plain',
        body: Buffer.alloc(path === '/large' ? 60 * 1024 * 1024 : 10 * 1024 * 1024),
      }),
    })
    const reader = connect(port, '127.0.0.1', () => reader.write(get('/large')))
    ends.push(() => reader.destroy())
    await new Promise((resolve) => reader.once('data', resolve))
    reader.pause()
    expect(await exchange(port, get('/x'), 'bytes\n')).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After: 5/)
    expect(rejected.map(({ status }) => status)).toEqual([503])
    expect(await exchange(port, get('/livez', 'Connection: close'))).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('counts a body that is being compressed as one that its client has not read', async () => {
    const [large, small] = [60, 10].map((mib) => Buffer.alloc(mib * 1024 * 1024))
    let release: () => void = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let waits = false
    const { port, rejected } = await started({
      handle: async ({ path }) => {
        if (path === '/small') {
          waits = true
          await released
        }
        // In the turn in which compression begins: it cannot have ended before the next one.
        else setImmediate(release)
        const body = path === '/small' ? small : large
        return { status: 200, contentType: 'text/plain', body: body as Buffer }
      },
    })
    const smallResponse = exchange(port, get('/small', 'Connection: close'))
    await until('the small response waits', () => waits)
    const largeResponse = exchange(port, get('/large', 'Accept-Encoding: gzip', 'Connection: close'))
    expect(await smallResponse).toMatch(/^HTTP\/1\.1 503 /)
    expect(rejected.map(({ status }) => status)).toEqual([503])
    expect(await largeResponse).toContain('Content-Encoding: gzip')
    expect(await exchange(port, get('/small', 'Connection: close'))).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('serves one request after the other on a connection', async () => {
    const { port } = await started()
    const socket = connect(port, '127.0.0.1')
    ends.push(() => socket.destroy())
    let received = ''
    socket.setEncoding('utf8')
    const answered = (text: string) =>
      new Promise<void>((resolve) => {
        socket.on('data', () => received.includes(text) && resolve())
      })
    socket.on('data', (text) => {
      received += text
    })
    socket.write(get('/1'))
    await answered('/1 -')
    socket.write(get('/2'))
    await answered('/2 -')
    expect(received.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
  })

  it('serves under localhost, any IP address and the names that are allowed', async () => {
    const { port } = await started({ guarded: { allowedHosts: ['Names.Example'] } })
    for (const host of [
      'localhost',
      'LOCALHOST:8876',
      '127.0.0.1:1',
      '[::1]:8876',
      '10.1.2.3',
      'names.example.',
      'NAMES.example:80',
    ])
      expect(await exchange(port, get('/').replace('localhost', host), '\n/ -')).toContain(' 200 ')
    for (const host of [
      'localhost.evil.example',
      '10.1.2.3.evil',
      'xnames.example',
      'a b',
      '[::1',
      '',
      '10.1.2.3:x',
    ])
      expect(await exchange(port, get('/').replace('localhost', host))).toMatch(/ (421|400) /)
  })

  it('requires the token, except of paths that are open', async () => {
    const { port } = await started({ guarded: { token: () => 's3cret' } })
    expect(await exchange(port, get('/'))).toMatch(/ 401 [\s\S]*WWW-Authenticate: Bearer/)
    expect(await exchange(port, get('/', 'Authorization: Bearer s3cre'))).toContain(' 401 ')
    expect(await exchange(port, get('/', 'Authorization: Basic s3cret'))).toContain(' 401 ')
    expect(await exchange(port, get('/', 'Authorization: Bearer s3cret'), '/ -')).toContain(' 200 ')
    expect(await exchange(port, get('/livez?verbose'), '/livez -')).toContain(' 200 ')
  })

  it('answers 500 for a failure, and goes on', async () => {
    const { port, failures } = await started({
      handle: (request) => {
        if (request.path === '/bad') throw new Error('a bug')
        return echo(request)
      },
    })
    expect(await exchange(port, get('/bad'), 'internal error')).toContain(' 500 ')
    expect(failures).toEqual([new Error('a bug')])
    expect(await exchange(port, get('/good'), '/good')).toContain(' 200 ')
  })

  it('gives a handler the path as it was sent: no path leads out of another one', async () => {
    const { port } = await started()
    for (const path of [
      '/api/../livez',
      '/%2e%2e/%2E%2E/etc/passwd',
      '/..%2f..%2f',
      '//host/x',
      '/a/./b',
      '/\\..',
    ])
      expect(await exchange(port, get(path, 'Connection: close'))).toContain(`\r\n\r\n${path} -\n`)
  })

  it('serves a new client although all others are idle, and closes the one that has been idle longest', async () => {
    const { port, rejected } = await started({ maxConnections: 8 })
    const idle = Array.from({ length: 6 }, () => exchange(port, 'GET / HT'))
    for (let client = 0; client < 20; client++)
      expect(await exchange(port, get('/x', 'Connection: close'))).toContain('/x -')
    // Half of the limit, less the new client.
    await Promise.all(idle.slice(0, 3))
    expect(rejected[0]?.reason).toBe('idle while httpMaxConnections (8) is half used')
    expect(rejected).toHaveLength(3)
  })

  it('closes no connection that gets a response, and rejects further ones then', async () => {
    let handled = 0
    let answer = (): void => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { port, rejected } = await started({
      maxConnections: 4,
      handle: async ({ path }) => {
        handled++
        await answered
        return textResponse(200, path)
      },
    })
    const busy = Array.from({ length: 4 }, (_, number) =>
      exchange(port, get(`/${number}`, 'Connection: close'), undefined, `127.0.0.${1 + (number % 2)}`),
    )
    await until('all have been handled', () => handled === 4)
    // It may be closed before it has sent its request.
    expect(await exchange(port, get('/')).catch(() => '[closed]')).toBe('[closed]')
    expect(rejected.at(-1)?.reason).toBe('httpMaxConnections (4) reached')
    answer()
    for (const [number, response] of (await Promise.all(busy)).entries())
      expect(response).toContain(`\r\n\r\n/${number}\n`)
  })

  it('leaves half of its connections to other addresses, and open paths to all', async () => {
    let handled = 0
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    const { port, rejected } = await started({
      maxConnections: 8,
      handle: async ({ path }) => {
        if (path === '/slow') {
          handled++
          await finished
        }
        return textResponse(200, path)
      },
    })
    const slow = Array.from({ length: 4 }, () => exchange(port, get('/slow'), '\n/slow'))
    await until('all are handled', () => handled === 4)
    expect(await exchange(port, get('/x'))).toMatch(/^HTTP\/1\.1 503 /)
    expect(rejected.map(({ reason }) => reason)).toEqual([
      'one address has half of httpMaxConnections (8) in use',
    ])
    expect(await exchange(port, get('/livez'), '\n/livez')).toContain(' 200 ')
    expect(await exchange(port, get('/x'), '\n/x', '127.0.0.2')).toContain(' 200 ')
    finish()
    await Promise.all(slow)
  })

  it('rejects connections beyond its limit', async () => {
    const { port, rejected } = await started({ maxConnections: 1 })
    await exchange(port, get('/'), '/ -')
    expect(await exchange(port, get('/'))).toBe('[closed]')
    expect(rejected[0]?.reason).toBe('httpMaxConnections (1) reached')
  })

  it.each([
    ['a response', (body) => ({ status: 200, contentType: 'text/plain', body })],
    [
      'the end of a stream',
      (body) => ({
        contentType: 'text/event-stream',
        stream: (sink) => {
          sink.write(body)
          sink.end()
        },
      }),
    ],
  ] satisfies [string, (body: Buffer) => HttpResponse][])(
    'disconnects a client that reads nothing of %s for ten seconds',
    async (_, respond) => {
      // Node's own timer, which each byte that the client takes starts again.
      const setTimeouts = vi.spyOn(ServerResponse.prototype, 'setTimeout')
      ends.push(() => setTimeouts.mockRestore())
      const { port } = await started({ handle: () => respond(Buffer.alloc(32 * 1024 * 1024)) })
      const socket = connect({ port, host: '127.0.0.1' })
      ends.push(() => void socket.destroy())
      const closed = new Promise((resolve) => void socket.on('error', () => {}).once('close', resolve))
      socket.pause()
      socket.write(get('/'))
      await until('the response is under way', () => setTimeouts.mock.calls.length > 0)
      const [[timeoutMs, onTimeout] = []] = setTimeouts.mock.calls
      expect(timeoutMs).toBe(10_000)
      onTimeout?.call(setTimeouts.mock.contexts[0] as ServerResponse)
      socket.resume()
      await closed
      expect(socket.bytesRead).toBeLessThan(32 * 1024 * 1024)
    },
  )

  it('ends streams when it stops, and tells them', async () => {
    const closed: string[] = []
    const { port, server } = await started({
      handle: () => ({
        contentType: 'text/event-stream',
        stream: (sink) => {
          sink.onClose(() => closed.push('closed'))
          sink.write(Buffer.from('data: 1\n\n'))
        },
      }),
    })
    await exchange(port, get('/'), 'data: 1')
    await server.stop()
    expect(closed).toEqual(['closed'])
  })

  it('closes each connection when it stops: one without a request at once, another after its response', async () => {
    let respond: (() => void) | undefined
    const { port, server } = await started({
      handle: () =>
        new Promise((resolve) => {
          respond = () => resolve(textResponse(200, 'whole'))
        }),
    })
    const silent = connect(port, '127.0.0.1')
    ends.push(() => silent.destroy())
    const silentClosed = new Promise((resolve) => silent.once('close', resolve))
    // Accepted after that connection.
    const response = exchange(port, get('/'))
    await until('the request is under way', () => respond !== undefined)
    const stopped = server.stop()
    await silentClosed
    respond?.()
    expect(await response).toMatch(/whole\n\[closed\]$/)
    await stopped
  })
})
