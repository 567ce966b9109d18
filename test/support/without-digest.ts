import { type FakePeer, startFakePeer } from './fake-peer.ts'
import { frame } from './raw-client.ts'
import type { TestServer } from './start-server.ts'

/** The response of a NameServer. */
export function response(opaque: number, code: number, body = '', remark?: string): Buffer {
  return frame(JSON.stringify({ code, flag: 1, language: 'JAVA', opaque, version: 513, remark }), body)
}

/** By request code, what a NameServer responds in place of the one behind it: a code, perhaps a body, or nothing. */
export type Instead = (
  code: number,
) => { readonly code: number; readonly body?: string } | 'nothing' | undefined

/** A NameServer as one of Java, or one of ours on another machine: without digests. */
export async function withoutDigest(
  server: TestServer,
  instead: Instead = () => undefined,
): Promise<FakePeer> {
  const client = await server.connect()
  return startFakePeer(async ({ bytes, header: { code, opaque }, socket }) => {
    const other = instead(code) ?? (code === 1450 ? { code: 3 } : undefined)
    if (other === 'nothing') return
    if (other !== undefined) {
      socket.write(response(opaque, other.code, other.body))
      return
    }
    client.send(bytes)
    const { header, body } = await client.next()
    socket.write(frame(header, body))
  })
}
