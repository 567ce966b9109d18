import { describe, expect, test } from 'vitest'
import { readCorpus } from '../../scripts/fuzz/corpus.ts'
import { runDecoders } from '../../scripts/fuzz/decoders.ts'
import { headerOf } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'

const corpus = readCorpus()

/** Every byte but the first begins a new chunk. */
function everywhere(length: number): number[] {
  return Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1)
}

describe('the inputs that the fuzzer has collected', () => {
  test('are there', () => {
    expect(corpus.length).toBeGreaterThan(20)
    for (const { name, bytes } of corpus) expect(bytes.length, name).toBeGreaterThan(0)
  })

  test.each(corpus)('$name: the decoders make the same of it, however it is cut', ({ bytes }) => {
    const whole = runDecoders(bytes, [])
    expect(runDecoders(bytes, everywhere(bytes.length))).toEqual(whole)
    expect(runDecoders(bytes, [bytes.length >> 1])).toEqual(whole)
  })

  test('sent to a server one after the other and all at once, change nothing for an honest client', async () => {
    const server = await startServer()
    const honest = await server.connect()
    await honest.request(registration({ name: 'honest', address: '127.9.9.9:10911', topics: ['H1', 'H2'] }))
    const route = (await honest.request(lookup('H1'))).body.toString()
    expect(route).toContain('"127.9.9.9:10911"')

    const send = async (bytes: Buffer): Promise<void> => {
      const peer = await server.connect()
      peer.send(bytes)
      peer.socket.end()
      await peer.closed
      const answer = await honest.request(lookup('H1'))
      expect(headerOf(answer).code).toBe(0)
      expect(answer.body.toString()).toBe(route)
    }
    for (const { bytes } of corpus) await send(bytes)
    const peers = await Promise.all(corpus.map(() => server.connect()))
    for (const [index, peer] of peers.entries()) {
      peer.send(corpus[index]?.bytes ?? Buffer.alloc(0))
      peer.socket.end()
    }
    await Promise.all(peers.map(({ closed }) => closed))
    expect((await honest.request(lookup('H1'))).body.toString()).toBe(route)
    expect(server.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  })
})
