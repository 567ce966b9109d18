/** A Debian that runs systemd, on a machine that need not run it. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { requireCommands } from '../image/commands.ts'
import type { Inside } from './machine.ts'

const START_LIMIT_MS = 120_000
const POLL_MS = 100
const END_LIMIT_MS = 60_000

/**
 * A container with the files and programs of this machine, systemd as process 1, and a network of its own without a way out. What is
 * installed and written there is kept in memory and gone at the end; only a folder is shared.
 */
export class SystemdContainer implements Inside {
  readonly enter: readonly string[]
  readonly #process: ChildProcess

  private constructor(pid: string, child: ChildProcess) {
    this.enter = ['nsenter', `--target=${pid}`, '--all', '--']
    this.#process = child
  }

  /** @param folder - The shared one. @throws {Error} (rejects) if this is not root, a tool is missing, or systemd does not start. */
  static async start(folder: string): Promise<SystemdContainer> {
    requireCommands(['unshare', 'nsenter', 'setpriv', 'systemd-nspawn'])
    const root = join(folder, 'root')
    mkdirSync(root)
    const options = [
      ...['--quiet', '--volatile=overlay', '--register=no', '--keep-unit', '--private-network'],
      ...['--resolv-conf=off', '--timezone=off', '--link-journal=no', '--console=pipe'],
    ].join(' ')
    // systemd-nspawn does not take the root folder itself. With this process, it ends too, and everything in the container.
    const script = `
      mount --bind / '${root}'
      exec setpriv --pdeathsig KILL systemd-nspawn ${options} --directory='${root}' --bind='${folder}' --boot -- --unit=basic.target`
    const child = spawn('unshare', ['--mount', 'sh', '-ec', script], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk
      })
    const endMs = performance.now() + START_LIMIT_MS
    for (;;) {
      const pid = runningSystem(child)
      if (pid !== undefined) {
        const container = new SystemdContainer(pid, child)
        // A machine may forbid services to be started at their installation.
        execFileSync('nsenter', [...container.enter.slice(1), 'rm', '-f', '/usr/sbin/policy-rc.d'])
        return container
      }
      assert(
        child.exitCode === null && performance.now() < endMs,
        `systemd has not started in a container:\n${output}`,
      )
      await delay(POLL_MS)
    }
  }

  /** Ends all processes inside. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    // Shuts the container down.
    this.#process.kill('SIGTERM')
    const tooLate = setTimeout(() => this.#process.kill('SIGKILL'), END_LIMIT_MS)
    await ended
    clearTimeout(tooLate)
  }
}

/** Process 1 of the container, as this machine numbers it, once systemd has started what it was told to. */
function runningSystem({ pid }: ChildProcess): string | undefined {
  try {
    const inner = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    execFileSync(
      'nsenter',
      [`--target=${inner}`, '--all', '--', 'systemctl', 'is-active', '--quiet', 'basic.target'],
      {
        stdio: 'ignore',
      },
    )
    return inner
  } catch {
    return undefined
  }
}
