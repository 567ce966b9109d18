/** Sends captured or edited bytes to a server again, and reads the answer. */
import { connect } from 'node:net'
import { decodeFrame, FrameSplitter } from './captured-frames.ts'
import type { Exchange } from './recording-proxy.ts'

/**
 * Sends one request on a connection of its own.
 *
 * @param port - The server's port on 127.0.0.1.
 * @param bytes - A whole frame.
 * @param timeoutMs - How long to wait for the answer; default 5,000.
 * @returns The request and its answer; `null` if nothing came in time.
 */
export async function replay(port: number, bytes: Buffer, timeoutMs = 5_000): Promise<Exchange | null> {
  const socket = connect(port, '127.0.0.1')
  const splitter = new FrameSplitter()
  try {
    const answer = await new Promise<Buffer | null>((resolve, reject) => {
      socket.setTimeout(timeoutMs, () => resolve(null))
      socket.on('error', reject)
      socket.on('close', () => resolve(null))
      socket.on('data', (chunk) => {
        const [first] = splitter.push(chunk)
        if (first) resolve(first)
      })
      socket.write(bytes)
    })
    if (!answer) return null
    return {
      request: { connection: 0, toServer: true, bytes, ...decodeFrame(bytes) },
      response: { connection: 0, toServer: false, bytes: answer, ...decodeFrame(answer) },
    }
  } finally {
    socket.destroy()
  }
}
