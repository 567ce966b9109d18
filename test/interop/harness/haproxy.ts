import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canConnect } from '../../../scripts/support/ports.ts'
import { freePort } from './broker-ports.ts'
import { ChildProgram } from './child-program.ts'

/** How haproxy tells a server whose connection it passes on. */
export const proxyKinds = ['send-proxy', 'send-proxy-v2'] as const
export type ProxyKind = (typeof proxyKinds)[number]

export interface Haproxy {
  /** `127.0.0.1:port` of the way on which connections get a header of this kind. */
  readonly addresses: Readonly<Record<ProxyKind, string>>
  readonly program: ChildProgram
}

/**
 * Starts an haproxy that passes on TCP connections to one server, each with a PROXY header in front, and that looks after the
 * server's health in the same way.
 *
 * @throws {Error} if there is no haproxy.
 */
export async function startHaproxy(server: string): Promise<Haproxy> {
  try {
    execFileSync('haproxy', ['-v'], { stdio: 'ignore' })
  } catch (cause) {
    throw new Error('the interop suite needs haproxy (Debian: apt-get install haproxy): it does not run', {
      cause,
    })
  }
  const ports = await Promise.all(proxyKinds.map(freePort))
  const ways = proxyKinds.map(
    (kind, index) =>
      `listen ${kind}\n  bind 127.0.0.1:${ports[index]}\n  server namesrv ${server} ${kind} check inter 200ms\n`,
  )
  const program = new ChildProgram({
    name: 'haproxy',
    command: 'haproxy',
    args: (home) => {
      const file = join(home, 'haproxy.cfg')
      writeFileSync(
        file,
        `defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 5m\n  timeout server 5m\n${ways.join('')}`,
      )
      return ['-db', '-f', file]
    },
  })
  for (const port of ports) {
    await program.until(`it listens on port ${port}`, () => canConnect(port))
  }
  const [v1, v2] = ports.map((port) => `127.0.0.1:${port}`)
  return { addresses: { 'send-proxy': v1 ?? '', 'send-proxy-v2': v2 ?? '' }, program }
}
