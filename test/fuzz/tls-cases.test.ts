import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { caseOf, type FuzzCase } from '../../scripts/fuzz/cases.ts'
import { clientHello } from '../../scripts/fuzz/client-hello.ts'
import { runDecoders } from '../../scripts/fuzz/decoders.ts'
import { HonestClient } from '../../scripts/fuzz/honest-client.ts'
import { playCase } from '../../scripts/fuzz/peer.ts'
import { Random } from '../../scripts/fuzz/random.ts'
import { records } from '../../scripts/fuzz/tls-bytes.ts'
import { startServer } from '../support/start-server.ts'

const SEED = 6
const CASES = 500
const HELLOS = 40
const HANDSHAKE = 22
const SERVER_HELLO = 2

function isOverTls({ session, kind, ending }: FuzzCase): boolean {
  return (session !== undefined || kind === 'tls') && ending !== 'does not read'
}

/** What a server says to some bytes and their end. */
function answerTo(port: number, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks)))
  })
}

describe('the cases of the fuzzer over TLS', () => {
  test('are answered as predicted, and honest clients with and without TLS beside them as ever', async () => {
    const server = await startServer()
    const failures: Error[] = []
    const onFailure = (error: Error): void => {
      failures.push(error)
    }
    const plain = await HonestClient.start(server.port, 'plain', onFailure)
    const tls = await HonestClient.start(server.port, 'tls', onFailure)
    const cases = Array.from({ length: CASES }, (_, index) => caseOf(SEED, index)).filter(isOverTls)
    expect(cases.length).toBeGreaterThan(30)
    for (const played of cases) {
      const prediction = played.session && runDecoders(played.bytes, [])
      await playCase(server.port, played, prediction)
    }
    for (const honest of [plain, tls]) expect(honest.answers).toBeGreaterThan(9)
    plain.stop()
    tls.stop()
    expect(failures).toEqual([])
    expect(server.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  })

  test('begin with a hello that a server goes on from', async () => {
    const server = await startServer()
    let answered = 0
    for (let index = 0; index < HELLOS; index++) {
      const random = Random.ofCase(SEED, index)
      const answer = await answerTo(server.port, records(random, clientHello(random)))
      if (answer[0] === HANDSHAKE && answer[5] === SERVER_HELLO) answered++
    }
    expect(answered).toBeGreaterThan(HELLOS / 8)
  })
})
