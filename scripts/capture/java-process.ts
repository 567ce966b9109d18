/** A Java process of one RocketMQ release. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A published release: its version and the folder with its jars. */
export interface Release {
  name: string
  lib: string
}

/** What to start. */
export interface JavaCommand {
  release: Release
  /** JVM options, such as `-Xmx512m`. */
  jvm: readonly string[]
  /** A main class on the release's class path, or the path of a `.java` file. */
  main: string
  args: readonly string[]
  /** `ROCKETMQ_HOME`, `user.home` and working folder of the process. */
  home: string
  /** Receives stdout and stderr. */
  logFile: string
}

// RocketMQ unmaps its files through JDK internals; newer releases do it at start.
const JDK_ACCESS = [
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-exports=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
]
const STOP_TIMEOUT_MS = 30_000
const POLL_MS = 100

/** Runs until it ends by itself or `stop` is called. */
export class JavaProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #command: JavaCommand

  constructor(command: JavaCommand) {
    this.#command = command
    const log = openSync(command.logFile, 'w')
    this.#child = spawn(
      process.env['JAVA'] ?? 'java',
      [
        ...command.jvm,
        ...JDK_ACCESS,
        `-Duser.home=${command.home}`,
        '-Dfile.encoding=UTF-8',
        '-cp',
        `${command.release.lib}/*`,
        command.main,
        ...command.args,
      ],
      {
        cwd: command.home,
        // A clean environment: ROCKETMQ_*, NAMESRV_ADDR and JAVA_TOOL_OPTIONS of the caller would change what is sent.
        env: { PATH: process.env['PATH'] ?? '', ROCKETMQ_HOME: command.home },
        stdio: ['ignore', log, log],
      },
    )
    closeSync(log)
    this.#exited = once(this.#child, 'exit')
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Resolves when the port on 127.0.0.1 takes connections; throws with the log if the process ends first. */
  async listening(port: number): Promise<void> {
    while (!(await accepts(port))) {
      if (this.#ended) throw new Error(`${this.#command.main} ended early:\n${this.log()}`)
      await delay(POLL_MS)
    }
  }

  /** Resolves when the process has ended by itself; throws with the log if it failed. */
  async finished(): Promise<void> {
    await this.#exited
    if (this.#child.exitCode !== 0) throw new Error(`${this.#command.main} failed:\n${this.log()}`)
  }

  /** Everything printed so far. */
  log(): string {
    return readFileSync(this.#command.logFile, 'utf8')
  }

  /** Asks the process to end (SIGTERM, so that shutdown hooks run), and makes it end when it does not. */
  async stop(): Promise<void> {
    if (this.#ended) return
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#exited
    clearTimeout(timer)
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
