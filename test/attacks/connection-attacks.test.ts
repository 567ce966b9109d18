import { describe, expect, test } from 'vitest'
import { proxyV1, V2_SIGNATURE } from '../support/proxy-headers.ts'
import { headerOf, requestFrame } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { ATTACKER_HOST, codeOf, HONEST_TOPIC, startAttackedServer } from './attacked-server.ts'

/** The beginning of a TLS record of 512 bytes with a hello. */
const HALF_HELLO = Buffer.from('16030102000100', 'hex')
/** A header of 65,535 bytes, as it says. */
const HALF_PROXY_V2 = Buffer.concat([V2_SIGNATURE, Buffer.from('2111ffff', 'hex')])
/** A frame of 16 MB, as it says. */
const HALF_FRAME = Buffer.from('00fffffc00000040', 'hex')

const PEERS = 100
const MIB = 1024 * 1024

describe('A client is served beside connections', () => {
  test.each<[string, Buffer, number]>([
    ['a hundred that stop within a TLS handshake', HALF_HELLO, 10_000],
    ['a hundred that stop within a PROXY header', Buffer.from('PROXY TCP4 203.0.113.66 10.0'), 120_000],
    ['a hundred that stop within a binary PROXY header', HALF_PROXY_V2, 120_000],
    ['a hundred that stop within a frame', HALF_FRAME, 120_000],
    ['a hundred that send nothing', Buffer.alloc(0), 120_000],
  ])('%s, until their time is over', async (_, bytes, minMs) => {
    const { attack, connect, controller, time } = await startAttackedServer()
    await attack(async (servedAgain) => {
      const peers = await Promise.all(Array.from({ length: PEERS }, () => connect()))
      for (const { socket } of peers) socket.write(bytes)
      await servedAgain()
      expect(controller.counters.queuedRequestBytes).toBeLessThan(PEERS * 100)
      let open = peers.length
      for (const { closed } of peers) void closed.then(() => open--)
      for (let passedMs = 0; open > 0; passedMs += 2_000) {
        if (passedMs < minMs) expect(open).toBe(PEERS)
        time.advance(2_000)
        await servedAgain()
      }
    })
  })

  test('that send a frame byte by byte, which takes no more memory than has arrived', async () => {
    const { attack, connectFrom, controller, time } = await startAttackedServer()
    await attack(async (servedAgain) => {
      const peers = await Promise.all(Array.from({ length: PEERS }, () => connectFrom(ATTACKER_HOST)))
      for (const { socket } of peers) socket.write(HALF_FRAME)
      for (let byte = 0; byte < 20; byte++) {
        for (const { socket } of peers) socket.write('x')
        await servedAgain()
        time.advance(1_000)
      }
      expect(controller.counters.queuedRequestBytes).toBeLessThan(PEERS * 100)
    })
  })

  test('that ask for lists and read no response, which take no more memory than may be unread', async () => {
    const properties = { maxQueuedAnswerBytes: '1048576' }
    const { attack, attacker, connectFrom, controller } = await startAttackedServer({ properties })
    const topics = Array.from({ length: 1_000 }, (_, i) => `Topic-${i}`)
    const fields = { haServerAddr: `${ATTACKER_HOST}:2` }
    const own = registration({ name: 'fake', address: `${ATTACKER_HOST}:1`, topics })
    expect(await codeOf(attacker, { ...own, extFields: { ...own.extFields, ...fields } })).toBe(0)
    const requests = Buffer.concat(Array(100).fill(requestFrame({ code: 206 })))
    await attack(async (servedAgain) => {
      const peers = await Promise.all(
        Array.from({ length: 5 }, (_, i) => connectFrom(`203.0.113.${i + 100}`)),
      )
      for (const { socket } of peers) {
        socket.pause()
        socket.write(requests)
      }
      for (let round = 0; round < 5; round++) await servedAgain()
      for (const { bytesReceived } of peers) expect(bytesReceived).toBeLessThan(MIB)
      expect(controller.counters.rejected.maxQueuedAnswerBytes).toBe(0)
    })
  })

  test('that are opened and reset', async () => {
    const { attack, connect } = await startAttackedServer()
    await attack(async (servedAgain) => {
      for (let round = 0; round < 5; round++) {
        const peers = await Promise.all(Array.from({ length: PEERS }, () => connect()))
        for (const [index, { socket }] of peers.entries()) {
          if (index % 2 === 0) socket.write(HALF_FRAME)
          socket.resetAndDestroy()
        }
        await servedAgain()
      }
    })
  })
})

describe('A client is served beside a flood', () => {
  test('of responses that nothing asked for and requests that want none', async () => {
    const { attack, attacker } = await startAttackedServer()
    const flags = [1, 2, 3]
    const frames = flags.flatMap((flag) => Array(3_000).fill(requestFrame({ ...lookup(HONEST_TOPIC), flag })))
    await attack(async () => {
      attacker.send(...frames)
      expect(headerOf(await attacker.request({ ...lookup(HONEST_TOPIC), opaque: 7 })).opaque).toBe(7)
      expect(attacker.answers).toEqual([])
    })
  })

  test('of PROXY headers one after the other, and after a frame', async () => {
    const { attack, attacker, connect } = await startAttackedServer()
    await attack(async () => {
      const twice = await connect()
      twice.send(...Array(1_000).fill(proxyV1('127.0.0.1', 1)))
      await twice.closed
      attacker.send(
        requestFrame(lookup('none')),
        proxyV1('127.0.0.1', 1),
        requestFrame({ code: 318, body: 'x=1' }),
      )
      expect(headerOf(await attacker.next()).code).toBe(17)
      await attacker.closed
    })
  })
})

describe('An address that a PROXY header claims', () => {
  const UPDATE = { code: 318, body: 'enableTopicList=true' }

  test('is that of the client for the policy, if it comes from a trusted proxy', async () => {
    const { attack, connectFrom } = await startAttackedServer()
    await attack(async () => {
      for (const [host, code] of [
        ['203.0.113.9', 16],
        ['::ffff:203.0.113.9', 16],
        ['2001:db8::9', 16],
        ['127.0.0.1', 0],
      ] as const)
        expect(await codeOf(await connectFrom(host), UPDATE)).toBe(code)
    })
  })

  test('counts for the log alone if all headers are trusted: no client behind a proxy is on this machine', async () => {
    const properties = { proxyProtocolTrustedNetworks: '' }
    const { attack, connect, connectFrom, lines } = await startAttackedServer({ properties })
    await attack(async () => {
      expect(await codeOf(await connectFrom('203.0.113.9'), UPDATE)).toBe(16)
      expect(await codeOf(await connect(), UPDATE)).toBe(0)
    })
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'request denied', peer: '203.0.113.9:40000' }),
    )
  })
})
