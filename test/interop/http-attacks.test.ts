import { readdirSync, readlinkSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startNameServer } from './harness/name-server.ts'
import { ask } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

const CONNECTIONS = 10_000
const GET_ROUTEINFO_BY_TOPIC = 105
const TOPIC_NOT_EXIST = 17

/** Clients of both ports, one request after the other, each over a new connection. */
class HonestClients {
  readonly failures: string[] = []
  served = 0
  #isRunning = true
  readonly #loops: Promise<void>[]

  constructor(address: string, httpPort: number) {
    const lookup = async (): Promise<void> => {
      const { code } = await ask(address, GET_ROUTEINFO_BY_TOPIC, { topic: 'none' })
      if (code !== TOPIC_NOT_EXIST) throw new Error(`lookup: ${code}`)
    }
    const view = async (): Promise<void> => {
      const text = await getOnce(httpPort, '/api/v1/events?limit=1')
      if (!text.startsWith('HTTP/1.1 200 ')) throw new Error(`view: ${JSON.stringify(text.slice(0, 100))}`)
    }
    this.#loops = [lookup, view].map((request) => this.#repeat(request))
  }

  /** @returns What failed. */
  async end(): Promise<readonly string[]> {
    this.#isRunning = false
    await Promise.all(this.#loops)
    return this.failures
  }

  async #repeat(request: () => Promise<void>): Promise<void> {
    while (this.#isRunning) {
      try {
        await request()
        this.served++
      } catch (error) {
        this.failures.push(`${error}`)
      }
    }
  }
}

/** The response to a GET over a connection of its own; what came of it if the connection fails. */
function getOnce(port: number, path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
  })
}

async function started() {
  const { address, httpUrl = '', program } = await startNameServer({ kind: 'ours', hasHttp: true })
  const port = Number(new URL(httpUrl).port)
  return { address, port, program, honest: new HonestClients(address, port) }
}

/** Open sockets of a process, the two that listen included. */
function socketsOf(pid: number): number {
  const descriptors = readdirSync(`/proc/${pid}/fd`)
  return descriptors.filter((name) => targetOf(`/proc/${pid}/fd/${name}`).startsWith('socket:')).length
}

/** Empty if the link has gone. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

/** An idle connection. */
function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  return socket.on('error', () => {}).resume()
}

describe('While the HTTP port is attacked, new clients of both ports are served:', () => {
  test(`${CONNECTIONS} connections that send nothing`, async () => {
    const { address, port, program, honest } = await started()
    let [connected, closed] = [0, 0]
    for (let opened = 0; opened < CONNECTIONS; opened++) {
      open(port)
        .on('connect', () => connected++)
        .on('close', () => closed++)
      // More than the backlog would be dropped by the kernel, and come again much later.
      while (opened - connected > 100) await new Promise(setImmediate)
    }
    await until('most have been closed', () => closed >= 0.9 * CONNECTIONS)
    // Some that the kernel has accepted never reached the server, so they are not closed here.
    await until('the rest has timed out at the server', () => socketsOf(program.pid) < 10)
    const servedBefore = honest.served
    await until('clients are still served', () => honest.served > servedBefore + 10)
    expect(await honest.end()).toEqual([])
    expect((await ask(address, GET_ROUTEINFO_BY_TOPIC, { topic: 'none' })).code).toBe(TOPIC_NOT_EXIST)
  })

  test('requests that never become whole (slowloris) get 408 after five seconds', async () => {
    const { port, honest } = await started()
    const responses: string[] = []
    for (let number = 0; number < 100; number++) {
      const socket = open(port)
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n')
      const drip = setInterval(() => socket.write(`X-${number}: a\r\n`), 500)
      let text = ''
      socket.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      socket.on('close', () => {
        clearInterval(drip)
        responses.push(text)
      })
    }
    await until('all have been closed', () => responses.length === 100)
    expect(new Set(responses.map((text) => text.split('\r\n')[0]))).toEqual(
      new Set(['HTTP/1.1 408 Request Timeout']),
    )
    expect(await honest.end()).toEqual([])
  })

  test('requests that are pipelined or invalid, from a hundred connections again and again', async () => {
    const { port, honest } = await started()
    const attacks = [
      'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50),
      'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
      '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
    ]
    let ended = 0
    for (let number = 0; number < 2_000; number++) {
      const socket = open(port)
      socket.on('close', () => ended++)
      socket.end(attacks[number % attacks.length] as string)
      while (number - ended >= 100) await new Promise(setImmediate)
    }
    await until('all have ended', () => ended === 2_000)
    expect(await honest.end()).toEqual([])
    expect(honest.served).toBeGreaterThan(100)
  })
})
