import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { memoryMib } from '../bench/processes.ts'
import type { Answer } from './ask.ts'
import type { Buildah } from './buildah.ts'
import { attempt, type Finished, output } from './commands.ts'

/** How a container ended. `log` is what it wrote, both streams as they came. */
export interface Ended {
  exitCode: number | null
  durationMs: number
  log: string
}

export interface ContainerOptions {
  /** `host path:container path[:options]` */
  volumes?: readonly string[]
  /** Whether nothing but volumes can be written. */
  isReadOnly?: boolean
  /** `uid:gid` in place of the image's. */
  user?: string
  /** All of the command line, the entry point included. */
  command?: readonly string[]
}

/** Process 1 of a container, as seen from the machine. */
export interface ProcessOne {
  uid: number
  gid: number
  executable: string
}

const START_LIMIT_MS = 20_000
const POLL_MS = 100

/** One container of the image, from start to removal, with the means of `docker exec`, `docker kill` and `docker logs`. */
export class DaemonContainer {
  readonly #buildah: Buildah
  readonly #container: string
  readonly #environment: readonly string[]
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  #log = ''
  #pid = 0

  private constructor(
    buildah: Buildah,
    container: string,
    environment: readonly string[],
    child: ChildProcess,
  ) {
    this.#buildah = buildah
    this.#container = container
    this.#environment = environment
    this.#child = child
    this.#ended = once(child, 'close').then(([exitCode]) => exitCode as number | null)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text
      })
    }
  }

  /**
   * Starts a container and waits until process 1 is there; it may not listen yet. By default it is the image's own command.
   */
  static async start(
    buildah: Buildah,
    image: string,
    { volumes = [], isReadOnly = false, user, command }: ContainerOptions = {},
  ): Promise<DaemonContainer> {
    const { Entrypoint, Cmd, Env } = buildah.config(image)
    const name = buildah.create(image)
    const child = buildah.start(name, volumes, command ?? [...Entrypoint, ...Cmd], isReadOnly, user)
    const container = new DaemonContainer(buildah, name, Env, child)
    try {
      await container.#waitFor('process 1', () => {
        container.#pid = findProcessOne(child.pid ?? 0)
        return container.#pid !== 0
      })
    } catch (error) {
      await container.remove()
      throw error
    }
    return container
  }

  async #waitFor(what: string, isThere: () => boolean): Promise<void> {
    const limitMs = performance.now() + START_LIMIT_MS
    while (!isThere()) {
      const why =
        this.#child.exitCode === null ? 'in time' : `before the container ended (${this.#child.exitCode})`
      if (this.#child.exitCode !== null || performance.now() > limitMs) {
        throw new Error(`no ${what} ${why}:\n${this.#log}`)
      }
      await sleep(POLL_MS)
    }
  }

  /** Runs a command inside, as `docker exec` would: in all namespaces of process 1 and as its user. */
  exec(command: readonly string[]): Finished {
    const { uid, gid } = this.processOne()
    const inside = ['--mount', '--uts', '--ipc', '--net', '--pid', '--root', '--wd']
    const user = [`--setuid=${uid}`, `--setgid=${gid}`]
    // The image's environment and nothing of this machine's, whose Node settings need not make sense inside.
    const environment = ['/usr/bin/env', '--ignore-environment', ...this.#environment]
    return attempt('nsenter', [`--target=${this.#pid}`, ...inside, ...user, ...environment, ...command])
  }

  /** The image's HEALTHCHECK, run inside. */
  healthcheck(healthcheck: readonly string[]): Finished {
    const [kind, ...command] = healthcheck
    if (kind !== 'CMD') throw new Error(`HEALTHCHECK is not in exec form: ${kind}`)
    return this.exec(command)
  }

  /** Waits until the HEALTHCHECK passes for the first time. */
  async waitHealthy(healthcheck: readonly string[]): Promise<void> {
    await this.#waitFor('healthy daemon', () => this.healthcheck(healthcheck).status === 0)
  }

  /** Asks the daemon from this machine's side, through the container's network. */
  ask(port: number, code: number, ...fields: string[]): Answer {
    const program = fileURLToPath(new URL('ask.ts', import.meta.url))
    const node = [process.execPath, ...process.execArgv, program, String(port), String(code), ...fields]
    return JSON.parse(output('nsenter', [`--target=${this.#pid}`, '--net', ...node])) as Answer
  }

  /** The status and the body of a GET inside. */
  get(url: string): string {
    const client = `fetch('${url}').then(async (response) => console.log(response.status, await response.text()))`
    return output('nsenter', [`--target=${this.#pid}`, '--net', process.execPath, '--eval', client])
  }

  /** Opens a connection as a client would and leaves it idle; it closes with the container. */
  async holdConnection(port: number): Promise<void> {
    const client = `require('node:net').connect(${port}, '127.0.0.1', () => console.log('connected'))`
    const args = [`--target=${this.#pid}`, '--net', process.execPath, '--eval', client]
    const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
  }

  /** Ports of the listening TCP sockets inside, over IPv4 and IPv6. */
  listeningPorts(): number[] {
    const lines = ['tcp', 'tcp6'].flatMap((table) =>
      readFileSync(`/proc/${this.#pid}/net/${table}`, 'utf8').split('\n'),
    )
    const sockets = lines.map((line) => line.trim().split(/\s+/)).filter((columns) => columns[3] === '0A')
    return sockets.map((columns) => Number.parseInt(columns[1]?.split(':')[1] ?? '', 16))
  }

  processOne(): ProcessOne {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8')
    const idOf = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
    return { uid: idOf('Uid'), gid: idOf('Gid'), executable: readlinkSync(`/proc/${this.#pid}/exe`) }
  }

  /** Resident memory of process 1, MiB. */
  residentMib(): number {
    return memoryMib(this.#pid).rss
  }

  /** Sends a signal to process 1, as the container engine does. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.#pid, signal)
  }

  /** SIGTERM, then the end; SIGKILL after `limitMs`, as `docker stop` does. */
  async stop(limitMs = 10_000): Promise<Ended> {
    const startedMs = performance.now()
    this.signal('SIGTERM')
    const killer = setTimeout(() => this.signal('SIGKILL'), limitMs)
    const exitCode = await this.#ended
    clearTimeout(killer)
    return { exitCode, durationMs: Math.round(performance.now() - startedMs), log: this.#log }
  }

  /** Ends what still runs and deletes the container. */
  async remove(): Promise<void> {
    if (this.#child.exitCode === null && this.#pid !== 0) {
      try {
        this.signal('SIGKILL')
      } catch {
        // It has ended by itself, and its container is about to.
      }
    }
    await this.#ended
    this.#buildah.remove(this.#container)
  }
}

/** The descendant of `ancestor` that is number 1 in its own process namespace, once it is the command; 0 before. */
function findProcessOne(ancestor: number): number {
  const parents = new Map<number, number>()
  const ones: number[] = []
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid)) continue
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      parents.set(pid, Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]))
      // runc waits under its own name inside the container before it becomes the command.
      if (/^NSpid:\s+\d+\s+1$/m.test(status) && !/^Name:\s+runc/m.test(status)) ones.push(pid)
    } catch {
      // deleted since the folder was listed
    }
  }
  const isBelow = (pid: number): boolean => pid === ancestor || (pid > 1 && isBelow(parents.get(pid) ?? 0))
  return ones.find(isBelow) ?? 0
}
