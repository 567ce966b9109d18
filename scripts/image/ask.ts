/**
 * Sends one request to a NameServer on loopback and prints the answer as JSON.
 *
 * Usage: `ask.ts <port> <request code> [name=value ...]`. A program of its own because it has to run inside a container's
 * network namespace, which a running process cannot enter.
 */
import { connect } from 'node:net'
import { decodeFrame, FrameSplitter } from '../capture/captured-frames.ts'

/** An answer as {@link ask} prints it. */
export interface Answer {
  code: number
  remark: string | null
  extFields: Record<string, string> | null
  body: string
}

const TIMEOUT_MS = 5_000

/** Sends a request with a JSON header and no body. Rejects if no answer comes within five seconds. */
export async function ask(port: number, code: number, extFields: Record<string, string>): Promise<Answer> {
  const request = {
    code,
    extFields,
    flag: 0,
    language: 'JAVA',
    opaque: code,
    serializeTypeCurrentRPC: 'JSON',
    version: 513,
  }
  const header = Buffer.from(JSON.stringify(request))
  const prefix = Buffer.alloc(8)
  prefix.writeInt32BE(4 + header.length, 0)
  prefix.writeInt32BE(header.length, 4)

  const socket = connect({ host: '127.0.0.1', port })
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
  const splitter = new FrameSplitter()
  try {
    socket.write(Buffer.concat([prefix, header]))
    for await (const chunk of socket) {
      for (const bytes of splitter.push(chunk as Buffer)) {
        const { frame, body } = decodeFrame(bytes)
        if (frame.opaque !== code) throw new Error(`answer to ${frame.opaque}, asked ${code}`)
        return { code: frame.code, remark: frame.remark, extFields: frame.extFields, body: body.toString() }
      }
    }
    throw new Error('connection closed before the answer')
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

if (import.meta.filename === process.argv[1]) {
  const [port, code, ...fields] = process.argv.slice(2)
  const extFields = Object.fromEntries(fields.map((field) => field.split(/=(.*)/s).slice(0, 2)))
  console.log(JSON.stringify(await ask(Number(port), Number(code), extFields)))
}
