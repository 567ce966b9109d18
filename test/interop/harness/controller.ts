import { ChildProgram } from './child-program.ts'
import { javaArguments } from './java.ts'
import { prepareHome } from './java-home.ts'
import type { Release } from './packages.ts'

/** Starts RocketMQ's controller, as `mqcontroller -c FILE` does; when this returns it has started. */
export async function startController(release: Release, configFile: string): Promise<ChildProgram> {
  const program = new ChildProgram({
    name: `controller-${release}`,
    command: 'java',
    args: (home) => {
      prepareHome(home)
      return javaArguments(home, {
        release,
        mainClass: 'org.apache.rocketmq.controller.ControllerStartup',
        maxHeap: '256m',
        options: [`-Drocketmq.home.dir=${home}`],
        args: ['-c', configFile],
      })
    },
  })
  await program.until('it says that it has started', () =>
    program.lines.some((line) => line.includes('boot success')),
  )
  return program
}
