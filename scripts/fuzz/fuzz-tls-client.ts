/** The client's end of a fuzzed TLS session. */
import { once } from 'node:events'
import type { NetConnectOpts } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { CutRelay } from './cut-relay.ts'
import type { TlsSession } from './tls-session.ts'

/** So long without a session to take up, and there is none. */
const TICKET_LIMIT_MS = 10_000

export class TlsClient {
  /** Not yet connected when it is given out. */
  readonly socket: TLSSocket
  readonly #relay: CutRelay

  constructor(relay: CutRelay, options: ConnectionOptions) {
    this.#relay = relay
    this.socket = connect({ rejectUnauthorized: false, ...options, socket: relay.near })
  }

  /** Begins a session; if it is to take up another one, that one comes and goes first. @throws {Error} (rejects) if it cannot. */
  static async open(address: NetConnectOpts, plan: TlsSession): Promise<TlsClient> {
    const { resumes } = plan
    const options: ConnectionOptions = {
      minVersion: plan.version,
      maxVersion: plan.version,
      ...(resumes !== 'none' && { session: await firstSession(address, plan, resumes === 'a wrong one') }),
    }
    const client = new TlsClient(await CutRelay.open(address, plan), options)
    client.socket.setMaxSendFragment(plan.recordBytes)
    return client
  }

  /** Begins another handshake; resolves when that is over, one way or the other. */
  renegotiate(): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.destroyed) resolve()
      this.socket.once('close', () => resolve())
      this.socket.renegotiate({ rejectUnauthorized: false }, () => resolve())
    })
  }

  /** Sends what the session has not written, and the end of the connection after it. */
  sendLast(bytes: Buffer): void {
    this.#relay.sendLast(bytes)
  }

  close(): void {
    this.socket.destroy()
    this.#relay.close()
  }
}

/** A session that the server will take up again; its ticket is changed if it is to be a wrong one. */
async function firstSession(address: NetConnectOpts, plan: TlsSession, isWrong: boolean): Promise<Buffer> {
  const versions = { minVersion: plan.version, maxVersion: plan.version }
  const whole = { cuts: [], stop: undefined, before: plan.before }
  const client = new TlsClient(await CutRelay.open(address, whole), versions)
  try {
    const signal = AbortSignal.timeout(TICKET_LIMIT_MS)
    const [session] = (await once(client.socket, 'session', { signal })) as [Buffer]
    const ticket = client.socket.getTLSTicket()
    const at = ticket === undefined ? -1 : session.indexOf(ticket)
    if (isWrong && ticket !== undefined && at >= 0) {
      const middle = at + (ticket.length >> 1)
      session[middle] = (session[middle] as number) ^ 0x10
    }
    return session
  } finally {
    client.close()
  }
}
