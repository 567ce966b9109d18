import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { SharedReadBuffer } from '../../src/remoting/server/shared-read-buffer.ts'
import { headerOf, requestFrame } from '../support/raw-client.ts'
import { startRemotingServer } from '../support/start-remoting-server.ts'

const ECHO = 1
const ECHO_LATER = 2

test.each([true, false])(
  'connections whose reads meet in one buffer (%s) are each answered with what they sent',
  async (sharedReadBuffer) => {
    const waiting: (() => void)[] = []
    const { connect } = await startRemotingServer(
      {
        [ECHO]: ({ body, extFields }) => ({ code: 0, body, remark: extFields?.get('topic') ?? null }),
        [ECHO_LATER]: ({ body, extFields }) =>
          new Promise((resolve) => {
            waiting.push(() => resolve({ code: 0, body, remark: extFields?.get('topic') ?? null }))
          }),
      },
      { sharedReadBuffer },
    )
    const clients = await Promise.all(Array.from({ length: 8 }, connect))
    // The first read of a connection is not into the shared buffer.
    for (const client of clients) await client.request({ code: ECHO })
    const sent = clients.map((_, number) => {
      const text = (part: string): string => `${part}-${number}-`.repeat(number % 2 === 0 ? 3 : 30_000)
      return [ECHO, ECHO_LATER, ECHO].map((code, index) => ({
        topic: `topic-${number}-${index}`,
        text: text(`body-${index}`),
        bytes: requestFrame({
          code,
          extFields: { topic: `topic-${number}-${index}` },
          body: text(`body-${index}`),
        }),
      }))
    })
    // In pieces, by turns, so that frames of several connections are unfinished at any time.
    const streams = sent.map((frames) => Buffer.concat(frames.map(({ bytes }) => bytes)))
    const longest = Math.max(...streams.map(({ length }) => length))
    const pieceBytes = 50_001
    const answers = clients.map(async (client) => [
      await client.next(),
      await client.next(),
      await client.next(),
    ])
    for (let at = 0; at < longest; at += pieceBytes) {
      for (const [number, client] of clients.entries()) {
        client.socket.write(streams[number]?.subarray(at, at + pieceBytes) ?? '')
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    while (waiting.length < clients.length) await new Promise((resolve) => setImmediate(resolve))
    for (const answer of waiting) answer()
    for (const [number, frames] of (await Promise.all(answers)).entries()) {
      expect(frames.map((answer) => [headerOf(answer).remark, `${answer.body}`])).toEqual(
        sent[number]?.map(({ topic, text }) => [topic, text]),
      )
    }
  },
)

test('a socket without the expected internals reads in the usual way', () => {
  const reads = new SharedReadBuffer()
  expect(reads.attach(new Socket(), () => {})).toBe(false)
  expect(reads.attach(new (class extends Socket {})(), () => {})).toBe(false)
})
