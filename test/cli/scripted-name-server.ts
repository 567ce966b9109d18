import { startFakePeer } from '../support/fake-peer.ts'
import { frame } from '../support/raw-client.ts'

/** What a NameServer responds to a code; a function of its ext fields and of how many of that code came before. */
export type Scripted =
  | { readonly code?: number; readonly remark?: string; readonly ext?: object; readonly body?: string }
  | 'close'
  | 'nothing'
/** By request code. */
export type Script = Readonly<
  Record<number, Scripted | ((fields: Readonly<Record<string, string>>, before: number) => Scripted)>
>

/**
 * A NameServer that responds as a test says: success to other codes, and to 1450, as Java's, that it is not supported.
 * @param version - Ordinal of its release; one before 5.0 does not respond to 1450.
 */
export async function startScripted(script: Script, version = 513) {
  const counts = new Map<number, number>()
  const { address, received } = await startFakePeer(
    ({ header: { code, opaque, extFields = {} }, socket }) => {
      const before = counts.get(code) ?? 0
      counts.set(code, before + 1)
      const scripted = script[code] ?? (code === 1450 ? { code: 3 } : {})
      if (code === 1450 && version < 420) return
      const response = typeof scripted === 'function' ? scripted(extFields, before) : scripted
      if (response === 'nothing') return
      if (response === 'close') {
        socket.destroy()
        return
      }
      const header = { code: response.code ?? 0, remark: response.remark, extFields: response.ext }
      socket.write(
        frame(JSON.stringify({ ...header, flag: 1, language: 'JAVA', opaque, version }), response.body),
      )
    },
  )
  return { address, codes: () => received.map(({ header }) => header.code) }
}
