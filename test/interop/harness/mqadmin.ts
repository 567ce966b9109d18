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
  /** Runs a command, `['topicRoute', '-t', 'T']`, against a NameServer. */
  run(nameServer: string, args: readonly string[]): Promise<AdminOutput>
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
        options: [`-Drocketmq.home.dir=${home}`],
        args: [],
      })
    },
  })
  return {
    release,
    async run(nameServer, args) {
      const before = program.reported('RESULT').length
      program.write(`${[...args, '-n', nameServer].join('\t')}\n`)
      const result = await program.until(
        `${args.join(' ')} is done`,
        () => program.reported('RESULT')[before],
      )
      const [stdout = '', stderr = ''] = result
        .split(' ')
        .map((text) => Buffer.from(text.slice(1), 'base64').toString())
      return { stdout, stderr }
    },
  }
}
