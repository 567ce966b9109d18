/**
 * What Node itself can do: a server that answers with ready-made bytes, as `limit.c` does, and nothing else. What it needs for a
 * request is what sockets cost in Node, whoever uses them.
 *
 *     tsx limit-node.ts BODY_FILE CODE      prints `port N`
 */
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { SharedReadBuffer } from '../../src/remoting/server/shared-read-buffer.ts'

const [bodyFile = '', code = '0'] = process.argv.slice(2)
const head = Buffer.from(`{"code":${code},"flag":1,"language":"JAVA","opaque":`)
const tail = Buffer.from(',"serializeTypeCurrentRPC":"JSON","version":515}')
const body = readFileSync(bodyFile)
const OPAQUE = Buffer.from('"opaque":')
/** Every opaque of the generator has as many digits. */
const DIGITS = 10
const reads = new SharedReadBuffer()
const room = Buffer.allocUnsafeSlow(4 * 1024 * 1024)

const headerBytes = head.length + DIGITS + tail.length
const answerBytes = 8 + headerBytes + body.length
const answer = Buffer.alloc(answerBytes)
answer.writeInt32BE(answerBytes - 4, 0)
answer.writeInt32BE(headerBytes, 4)
head.copy(answer, 8)
tail.copy(answer, 8 + head.length + DIGITS)
body.copy(answer, 8 + headerBytes)

function serve(socket: Socket): void {
  let rest = Buffer.alloc(0)
  const onBytes = (bytes: Buffer): void => {
    const stream = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    let from = 0
    let filled = 0
    while (stream.length - from >= 8) {
      const end = from + 4 + stream.readInt32BE(from)
      if (end > stream.length) break
      room.set(answer, filled)
      const digitsAt = stream.indexOf(OPAQUE, from + 8) + OPAQUE.length
      stream.copy(room, filled + 8 + head.length, digitsAt, digitsAt + DIGITS)
      filled += answerBytes
      from = end
    }
    rest = from === stream.length ? Buffer.alloc(0) : Buffer.from(stream.subarray(from))
    if (filled === 0) return
    // What the kernel does not take at once must not change any more.
    if (!socket.write(room.subarray(0, filled)) || socket.writableLength > 0) throw new Error('a slow peer')
  }
  if (!reads.attach(socket, onBytes)) socket.on('data', onBytes)
  socket.on('error', () => socket.destroy())
}

const server = createServer({ noDelay: true }, serve)
server.listen({ host: '127.0.0.1', port: 0, backlog: 1_024 }, () => {
  process.stdout.write(`port ${(server.address() as AddressInfo).port}\n`)
})
