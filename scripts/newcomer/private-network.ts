/** A network of its own, in which the ports of the documents are free, and from which the package registries can be reached. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { requireCommands } from '../image/commands.ts'
import type { Inside } from './machine.ts'

/** The name server of slirp4netns, which asks those of the machine. */
const RESOLVER = 'nameserver 10.0.2.3\n'

/**
 * Namespaces of network, processes and mounts. Everything inside ends with them, and they end with this process, because `cat` and
 * slirp4netns wait for the end of a pipe. They have a `/run` of their own, so that nothing inside finds the daemons of the machine.
 */
export class PrivateNetwork implements Inside {
  readonly enter: readonly string[]
  readonly #processes: readonly ChildProcess[]

  private constructor(pid: number, processes: readonly ChildProcess[]) {
    this.enter = ['nsenter', `--target=${pid}`, '--net', '--pid', '--mount', '--']
    this.#processes = processes
  }

  /**
   * @param folder - Keeps one file.
   * @throws {Error} (rejects) if this is not root, or a tool is missing.
   */
  static async start(folder: string): Promise<PrivateNetwork> {
    requireCommands(['unshare', 'nsenter', 'slirp4netns', 'ip'])
    const resolver = join(folder, 'resolv.conf')
    writeFileSync(resolver, RESOLVER)
    const script = `
      ip link set lo up
      mount -t tmpfs tmpfs /run
      file=$(readlink -m /etc/resolv.conf)
      [ -e "$file" ] || { mkdir -p "$(dirname "$file")"; : >"$file"; }
      mount --bind '${resolver}' "$file"
      echo ready
      exec cat >/dev/null`
    const namespaces = ['--net', '--pid', '--mount', '--fork', '--kill-child', '--mount-proc']
    const holder = spawn('unshare', [...namespaces, 'sh', '-ec', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await begun('unshare', holder, holder.stdout)
    const pid = Number(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8'))
    const how = ['--configure', '--mtu=65520', '--disable-host-loopback', '--ready-fd=3', '--exit-fd=4']
    const uplink = spawn('slirp4netns', [...how, `${pid}`, 'tap0'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    })
    const network = new PrivateNetwork(pid, [uplink, holder])
    try {
      await begun('slirp4netns', uplink, uplink.stdio[3] as Readable)
    } catch (error) {
      await network.end()
      throw error
    }
    return network
  }

  /** Ends all processes inside. */
  async end(): Promise<void> {
    for (const child of this.#processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
  }
}

/** Waits for the first bytes of a stream. @throws {Error} (rejects) if the process ends instead. */
async function begun(name: string, child: ChildProcess, stream: Readable): Promise<void> {
  const ended = new AbortController()
  child.once('exit', (code) => ended.abort(new Error(`${name} ended with ${code}`)))
  try {
    await once(stream, 'data', { signal: ended.signal })
  } catch {
    throw ended.signal.reason
  }
}
