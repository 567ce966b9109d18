import { execFileSync } from 'node:child_process'
import { ChildProgram } from './child-program.ts'

/** Another machine as far as the network goes: a network namespace, connected with this one by a cable. */
export interface OtherMachine {
  /** Its IPv4 address. Whatever listens there is reached from this machine only, which is a stranger to it. */
  readonly address: string
  /** The command, with its arguments, that runs there what follows. */
  readonly command: readonly string[]
}

/** Networks of four addresses in 198.18.0.0/15, which is reserved for tests between two machines. */
const NETWORKS = 2 ** 15

/**
 * Starts another machine, until the end of the file.
 *
 * @throws {Error} if this process may not create network namespaces.
 */
export async function startOtherMachine(): Promise<OtherMachine> {
  // The namespace and its cable exist as long as a process is in it; `cat` ends with this process at the latest.
  const holder = new ChildProgram({
    name: 'other-machine',
    command: 'unshare',
    args: () => ['--net', 'sh', '-c', 'echo READY; exec cat'],
  })
  try {
    await holder.until('it has a network', () => holder.lines.includes('READY'))
    const { pid } = holder
    const command = ['nsenter', `--target=${pid}`, '--net']
    const [here, there] = [1, 2].map((host) => addressOf(pid, host))
    const cable = `mq${pid}`
    execFileSync('ip', ['link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', `${pid}`])
    execFileSync('ip', ['address', 'add', `${here}/30`, 'dev', cable])
    execFileSync('ip', ['link', 'set', cable, 'up'])
    const inside = `ip address add ${there}/30 dev eth0 && ip link set eth0 up && ip link set lo up`
    execFileSync('nsenter', [...command.slice(1), 'sh', '-c', inside])
    return { address: there as string, command }
  } catch (cause) {
    throw new Error(
      'the interop suite needs network namespaces: run it as root (in a container, with the capabilities NET_ADMIN and ' +
        'SYS_ADMIN), and install iproute2',
      { cause },
    )
  }
}

function addressOf(pid: number, host: number): string {
  const offset = (pid % NETWORKS) * 4 + host
  return `198.${18 + (offset >> 16)}.${(offset >> 8) & 0xff}.${offset & 0xff}`
}
