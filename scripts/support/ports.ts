/** Ports of the loopback address. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/** Below the ports that systems give to outgoing connections and to servers that leave the choice to them. */
const [FIRST_PORT, LAST_PORT] = [10_000, 32_000]

/** A free port, for a server that cannot report which one it took. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT)
    const holder = createServer().listen(port, '127.0.0.1')
    const isFree = await once(holder, 'listening').catch(() => undefined)
    if (isFree === undefined) continue
    holder.close()
    await once(holder, 'close')
    return port
  }
}

/** Whether a process listens on a port. */
export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .on('connect', () => {
        socket.destroy()
        resolve(true)
      })
      .on('error', () => resolve(false))
  })
}
