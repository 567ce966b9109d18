import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './broker-ports.ts'
import { ChildProgram } from './child-program.ts'
import { javaArguments, propertiesText } from './java.ts'
import { prepareHome } from './java-home.ts'
import { ask } from './name-server-client.ts'
import type { OtherMachine } from './other-machine.ts'
import type { Release } from './packages.ts'
import { projectRoot } from './work-folder.ts'

export type NameServerKind = { readonly kind: 'ours' } | { readonly kind: 'java'; readonly release: Release }

export type NameServerOptions = NameServerKind & {
  /** Properties of the configuration file, Java's names. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>
  /** Port to listen on; default a free one. */
  readonly port?: number
  /** Whether ours has an HTTP server; default port a free one. */
  readonly hasHttp?: boolean
  /** Port of that HTTP server. */
  readonly httpPort?: number
  /** Options of Java's virtual machine. */
  readonly javaOptions?: readonly string[]
  /** Limit of open files, by the program `prlimit`. */
  readonly openFiles?: number
  /** Where ours runs, which then listens on all addresses there; default this machine, on loopback. */
  readonly machine?: OtherMachine
  /** Profile of the access policy of ours. */
  readonly accessProfile?: 'open'
  /** True if it takes no plaintext, so that it cannot be asked whether it is there. */
  readonly takesOnlyTls?: boolean
}

export interface NameServer {
  /** `127.0.0.1:port`, or that of the other machine. */
  readonly address: string
  readonly port: number
  /** `http://127.0.0.1:port`; undefined without `hasHttp`. */
  readonly httpUrl: string | undefined
  readonly program: ChildProgram
}

/**
 * The NameServer under test: ours, or with `INTEROP_SUBJECT=java` the published one, which shows whether the suite
 * itself is right.
 */
export const subject: NameServerKind = readSubject(process.env['INTEROP_SUBJECT'] ?? 'ours')

/** The published NameServer that ours is compared with. */
export const reference: NameServerKind = { kind: 'java', release: '5.5.0' }

function readSubject(name: string): NameServerKind {
  if (name === 'ours') return { kind: 'ours' }
  if (name === 'java') return { kind: 'java', release: '5.5.0' }
  throw new Error(`INTEROP_SUBJECT is "ours" or "java", not "${name}"`)
}

/** The response of ours to strangers, under a strict access policy. */
const NO_PERMISSION = 16

/** Starts a NameServer, on the loopback interface unless it is on another machine; when this returns it answers requests. */
export async function startNameServer(options: NameServerOptions): Promise<NameServer> {
  const port = options.port ?? (await freePort())
  const { machine, openFiles, accessProfile } = options
  const address = `${machine?.address ?? '127.0.0.1'}:${port}`
  const httpPort = options.httpPort ?? (options.hasHttp === true ? await freePort() : 0)
  const [command = '', ...before] = [
    ...(machine?.command ?? []),
    ...(openFiles === undefined ? [] : ['prlimit', `--nofile=${openFiles}`]),
    options.kind === 'ours' ? process.execPath : 'java',
  ]
  const program = new ChildProgram({
    name: options.kind === 'ours' ? 'mqnamesrv' : `namesrv-${options.release}`,
    command,
    env: { NODE_ENV: 'production' },
    args: (home) => {
      prepareHome(home)
      const file = join(home, 'namesrv.properties')
      const places = { rocketmqHome: home, kvConfigPath: join(home, 'kvConfig.json') }
      const listen = { bindAddress: '127.0.0.1', listenPort: port }
      writeFileSync(
        file,
        propertiesText({ ...places, ...(options.kind === 'java' && listen), ...options.properties }),
      )
      if (options.kind === 'ours') {
        return [
          ...before,
          join(projectRoot, 'bin/mqnamesrv'),
          '-c',
          file,
          '--listenPort',
          String(port),
          '--bindAddress',
          machine === undefined ? '127.0.0.1' : '0.0.0.0',
          ...(accessProfile === undefined ? [] : [`--accessProfile=${accessProfile}`]),
          `--httpListenPort=${httpPort}`,
          // A server that takes the port of an earlier one must not take its routes.
          `--user.home=${home}`,
        ]
      }
      return javaArguments(home, {
        release: options.release,
        mainClass: 'org.apache.rocketmq.namesrv.NamesrvStartup',
        maxHeap: '256m',
        options: options.javaOptions ?? [],
        args: ['-c', file],
      })
    },
  })
  await program.until(`it answers on port ${port}`, async () => {
    if (options.takesOnlyTls) return program.lines.some((line) => line.includes('boot success'))
    const { code } = await ask(address, 106)
    return code === 0 || code === NO_PERMISSION
  })
  const httpUrl = httpPort === 0 ? undefined : `http://127.0.0.1:${httpPort}`
  return { address, port, httpUrl, program }
}
