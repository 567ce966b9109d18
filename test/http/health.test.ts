import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { registration } from '../support/requests.ts'
import { startServer, temporaryFolder } from '../support/start-server.ts'

async function got(httpPort: number | undefined, path: string, accept = '*/*') {
  const response = await fetch(`http://127.0.0.1:${httpPort}${path}`, { headers: { accept } })
  return { status: response.status, text: await response.text() }
}

const httpListenPort = 'any'

describe('The health endpoints', () => {
  it('answer ok, or list their checks as Kubernetes does', async () => {
    const { httpPort } = await startServer({ httpListenPort })
    expect(await got(httpPort, '/livez')).toEqual({ status: 200, text: 'ok' })
    expect(await got(httpPort, '/livez?verbose')).toEqual({
      status: 200,
      text: '[+]ping ok\nlivez check passed\n',
    })
    expect(await got(httpPort, '/readyz')).toEqual({ status: 200, text: 'ok' })
    const { text } = await got(httpPort, '/readyz?verbose')
    expect(text).toMatch(/^\[\+\]startup ok\n\[\+\]shutdown ok\n\[\+\]waitForService ok\n/)
    expect(text).toMatch(/\nreadyz check passed\n$/)
  })

  it('say why the server is not ready, and become ready when the wait for brokers is over', async () => {
    const { httpPort, time, controller } = await startServer({
      httpListenPort,
      needWaitForService: 'true',
      waitSecondsForService: '45',
    })
    const reason = 'lookups are rejected for another 45 s (waitSecondsForService)'
    expect(controller.ready).toBe(false)
    const { status, text } = await got(httpPort, '/readyz')
    expect(status).toBe(503)
    expect(text).toContain(`[-]waitForService failed: ${reason}\n`)
    expect(text).toMatch(/\nreadyz check failed\n$/)
    expect((await got(httpPort, '/livez')).status).toBe(200)
    expect(await got(httpPort, '/readyz?exclude=waitForService')).toEqual({ status: 200, text: 'ok' })
    expect((await got(httpPort, '/readyz?exclude=nothing')).text).toContain('named "nothing"')
    const json = await got(httpPort, '/readyz', 'application/json')
    expect(json.status).toBe(503)
    expect(JSON.parse(json.text)).toMatchObject({
      status: 'failed',
      provisional: false,
      checks: expect.arrayContaining([{ name: 'waitForService', problem: reason, excluded: false }]),
    })
    time.advance(45_000)
    expect((await got(httpPort, '/readyz')).status).toBe(200)
    expect(controller.events.list().map(({ kind }) => kind)).toEqual(['ready'])
  })

  it('answer during a shutdown that waits for clients: alive, not ready', async () => {
    const { httpPort, controller, time, ...server } = await startServer({
      httpListenPort,
      enableShutdownGracefully: 'true',
      shutdownWaitTimeSeconds: '30',
    })
    await server.connect()
    await expect.poll(() => controller.counters.connectionsAccepted).toBe(1)
    const stopped = controller.shutdown()
    expect(await got(httpPort, '/readyz')).toMatchObject({
      status: 503,
      text: expect.stringContaining('[-]shutdown failed: the server is shutting down\n'),
    })
    expect((await got(httpPort, '/livez')).status).toBe(200)
    expect(controller.events.list().at(-1)).toMatchObject({
      kind: 'not_ready',
      text: 'the server is shutting down',
    })
    time.advance(30_000)
    await stopped
    await expect(got(httpPort, '/livez')).rejects.toThrow('fetch failed')
  })

  it('say that routes are provisional after a restart, until the grace period has ended', async () => {
    const routeSnapshotPath = join(temporaryFolder(), 'routes')
    const first = await startServer({ routeSnapshotPath })
    await (await first.connect()).request(registration())
    await first.controller.shutdown()
    const { httpPort, time } = await startServer({ routeSnapshotPath, httpListenPort })
    const provisional = async (): Promise<unknown> =>
      JSON.parse((await got(httpPort, '/readyz', 'application/json')).text).provisional
    expect(await got(httpPort, '/readyz')).toEqual({ status: 200, text: 'ok' })
    expect((await got(httpPort, '/readyz?verbose')).text).toContain('\nprovisional: routes of the snapshot')
    expect(await provisional()).toBe(true)
    time.advance(120_001)
    await expect.poll(provisional).toBe(false)
  })

  it('need no token and no host name of the server', async () => {
    const { httpPort } = await startServer({ httpListenPort })
    for (const path of ['/livez', '/readyz', '/version'])
      expect(await hostOf(httpPort, path, 'any.example')).toContain(' 200 ')
    expect(await hostOf(httpPort, '/api/v1/events', 'any.example')).toContain(' 421 ')
  })

  it('tell the version', async () => {
    const { httpPort } = await startServer({ httpListenPort, nodeId: 'ns-1' })
    expect(JSON.parse((await got(httpPort, '/version')).text)).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      commit: null,
      node: process.version,
      protocolVersion: '5.5.0',
      nodeId: 'ns-1',
    })
  })
})

/** The response to a GET with another Host header, which `fetch` does not allow. */
async function hostOf(port = 0, path: string, host: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  await once(socket, 'close')
  return text
}
