import { join } from 'node:path'
import { ChildProgram } from './child-program.ts'
import { hashOf, once, requireTool, run } from './prepare.ts'
import { interopRoot, workRoot } from './work-folder.ts'

/** Clients in other languages: Apache's for Go, and `ali-ons` for JavaScript. */
export const otherClients = ['go', 'ali-ons'] as const
export type OtherClient = (typeof otherClients)[number]

const goFolder = join(interopRoot, 'go')
const goBinary = join(workRoot, 'go', 'interop')
const aliOnsFolder = join(interopRoot, 'ali-ons')
/** No network but for what the caches lack, and no newer tool chain than the installed one. */
const GO_ENVIRONMENT = { GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' }

/**
 * Builds and installs the clients; what is there already is kept. The network is needed for what the caches of Go and npm
 * lack.
 *
 * @throws {Error} naming what is missing, if Go or npm is.
 */
export function prepareOtherClients(): void {
  requireTool('go', 'version', 'Go, 1.21 or newer')
  const goFiles = ['go.mod', 'go.sum', 'main.go'].map((name) => join(goFolder, name))
  once(join(workRoot, 'go'), hashOf(goFiles), () => {
    run('go', ['build', '-o', goBinary, '.'], { cwd: goFolder, env: GO_ENVIRONMENT })
  })
  requireTool('npm', '--version', 'npm')
  once(join(aliOnsFolder, 'node_modules'), hashOf([join(aliOnsFolder, 'package-lock.json')]), () => {
    run('npm', ['ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: aliOnsFolder,
    })
  })
}

export interface OtherClientOptions {
  readonly client: OtherClient
  readonly nameServers: readonly string[]
  readonly topic: string
  /** More variables; INTEROP_ACCESS_KEY and INTEROP_SECRET_KEY are the account of a Go client. */
  readonly env?: Readonly<Record<string, string>>
}

/** A producer that prints what those of Java print: `SENT body`, `FAILED body reason`, `DONE`. */
export function startOtherProducer({
  count,
  ...options
}: OtherClientOptions & { count: number }): ChildProgram {
  return start('produce', options, [String(count)])
}

/** A push consumer from the topic's beginning on: `RECEIVED body` for each message, until `finish()`. */
export function startOtherConsumer(options: OtherClientOptions): ChildProgram {
  return start('consume', options, [])
}

function start(
  mode: 'produce' | 'consume',
  { client, nameServers, topic, env = {} }: OtherClientOptions,
  args: readonly string[],
): ChildProgram {
  const all = [mode, nameServers.join(';'), topic, ...args]
  return new ChildProgram({
    name: `${client}-${mode}`,
    env,
    command: client === 'go' ? goBinary : process.execPath,
    args: () => (client === 'go' ? all : [join(aliOnsFolder, 'client.cjs'), ...all]),
  })
}
