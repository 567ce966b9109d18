import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ServerSentEvent } from '../../src/http/event-stream.ts'
import { EventStreamParser } from '../../src/page/event-stream-parser.ts'
import { until } from './until.ts'

/** A request as bytes, with headers that HTTP clients would not send. */
export function requestText(path: string, ...headers: string[]): string {
  const host = headers.some((header) => /^host:/i.test(header)) ? [] : ['Host: localhost']
  return [`GET ${path} HTTP/1.1`, ...host, ...headers, '', ''].join('\r\n')
}

/** The whole response to bytes, up to the end of the connection. */
export async function exchange(port: number, sent: string): Promise<string> {
  const { socket, received, closed } = openHttp(port)
  socket.write(sent)
  await closed
  return received()
}

/** The response to a GET whose connection the server is asked to close. */
export function get(port: number, path: string, ...headers: string[]): Promise<string> {
  return exchange(port, requestText(path, ...headers, 'Connection: close'))
}

/** A connection to an HTTP port that is closed after the test. */
export function openHttp(
  port: number,
  localAddress = '127.0.0.1',
): {
  readonly socket: Socket
  readonly received: () => string
  readonly closed: Promise<void>
} {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
  return { socket, received: () => text, closed }
}

/** A watcher of `/api/v1/watch`. */
export class TestWatcher {
  readonly events: ServerSentEvent[] = []
  readonly socket: Socket
  readonly closed: Promise<void>
  readonly text: () => string
  readonly #parser = new EventStreamParser((event) => this.events.push(event))

  constructor(port: number, path = '/api/v1/watch', header?: string, localAddress?: string) {
    const { socket, received, closed } = openHttp(port, localAddress)
    this.socket = socket
    this.closed = closed
    this.text = received
    // The sizes of chunks are lines of digits alone, which the parser ignores as fields without a name that it knows.
    socket.on('data', (chunk: string) => this.#parser.push(chunk.replaceAll('\r\n', '\n')))
    socket.write(requestText(path, ...(header === undefined ? [] : [header])))
  }

  get lastEventId(): string {
    return this.#parser.lastEventId
  }

  /** The texts of the events of the server so far. */
  get texts(): string[] {
    return this.events.filter(({ event }) => event === '').map(({ data }) => JSON.parse(data).text as string)
  }

  /** Waits for the beginning of the stream. */
  async opened(): Promise<this> {
    await until('the stream begins', () => this.text().includes('retry: 2000'))
    return this
  }
}
