import { ChildProgram } from './child-program.ts'
import { javaArguments } from './java.ts'
import { prepareHome } from './java-home.ts'
import type { Release } from './packages.ts'

/** What a command printed. */
export interface AdminOutput {
  readonly stdout: string
  readonly stderr: string
}

/** RocketMQ's own admin tool, kept running because a start costs more than most commands. */
export interface AdminTool {
  readonly release: Release
  /** Folder in which it runs. */
  readonly home: string
  /** Runs a command, `['topicRoute', '-t', 'T']`, against a NameServer; `help` takes none. */
  run(nameServer: string | undefined, args: readonly string[]): Promise<AdminOutput>
  /** Names of all its commands. */
  commands(): Promise<readonly string[]>
}

/** @see InteropAdmin.java, which hands each command to MQAdminStartup#main0 */
export function startAdminTool(release: Release): AdminTool {
  const program = new ChildProgram({
    name: `mqadmin-${release}`,
    command: 'java',
    args: (home) => {
      prepareHome(home)
      return javaArguments(home, {
        release,
        mainClass: 'InteropAdmin',
        maxHeap: '256m',
        // Some commands leave files in the folder for temporary ones.
        options: [`-Drocketmq.home.dir=${home}`, `-Djava.io.tmpdir=${home}`],
        args: [],
      })
    },
  })
  const runLine = async (line: string): Promise<AdminOutput> => {
    const before = program.reported('RESULT').length
    program.write(`${line}\n`)
    const result = await program.until(
      `${line.replaceAll('\t', ' ')} is done`,
      () => program.reported('RESULT')[before],
    )
    const [stdout = '', stderr = ''] = result
      .split(' ')
      .map((text) => Buffer.from(text.slice(1), 'base64').toString())
    return { stdout, stderr }
  }
  return {
    release,
    home: program.home,
    run: (nameServer, args) =>
      runLine([...args, ...(nameServer === undefined ? [] : ['-n', nameServer])].join('\t')),
    async commands() {
      const { stdout } = await runLine('')
      // The tool adds all of them to its list again with each command that it runs.
      return [...new Set([...stdout.matchAll(/^ {3}(\w+) {2,}/gm)].map(([, name = '']) => name))]
    },
  }
}
