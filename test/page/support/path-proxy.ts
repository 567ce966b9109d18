import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A reverse proxy that serves a page below a path of its own. */
export interface PathProxy {
  readonly url: string
  /** What it was asked, in order. */
  readonly requests: readonly IncomingMessage[]
  /** Closes every connection. */
  cut(): void
  /** Passes nothing on any more, and keeps every connection open, as a network does that has failed. */
  freeze(): void
  /** Serves new requests again. */
  thaw(): void
}

/** Starts one on loopback, until the test is over. */
export async function startPathProxy(port: number, prefix: string): Promise<PathProxy> {
  const requests: IncomingMessage[] = []
  const streams = new Set<IncomingMessage>()
  let isFrozen = false
  const server = createServer((incoming, outgoing) => {
    requests.push(incoming)
    if (isFrozen) return
    const path =
      incoming.url?.startsWith(`${prefix}/`) === true ? incoming.url.slice(prefix.length) : undefined
    if (path === undefined) {
      outgoing.writeHead(404).end()
      return
    }
    const upstream = request({ host: '127.0.0.1', port, path, headers: incoming.headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(outgoing)
      streams.add(response)
      response.on('close', () => streams.delete(response))
    })
    upstream.on('error', () => outgoing.destroy())
    outgoing.on('close', () => upstream.destroy())
    upstream.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port: own } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${own}${prefix}/`,
    requests,
    cut: () => server.closeAllConnections(),
    freeze: () => {
      isFrozen = true
      for (const response of streams) response.unpipe().pause()
    },
    thaw: () => {
      isFrozen = false
    },
  }
}
