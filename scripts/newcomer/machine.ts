/** A machine as a newcomer has it: empty folders, an empty npm cache, and the Node.js under test. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/ports.ts'

/** `npm ci` with an empty cache, and the build, on a busy machine. */
const STEP_LIMIT_MS = 9 * 60_000
/** A broker takes ten seconds, and several times that on a busy machine. */
const STOP_LIMIT_MS = 180_000
const POLL_MS = 50

/** Variables of this machine that a newcomer does not have. */
const OWN_VARIABLES =
  /^(?:MQNAMESRV_|NODE_OPTIONS$|NODE_ENV$|npm_(?!config_(?:registry|cafile))|NAMESRV_ADDR$)/i

/** What a server on a terminal says last of its first lines, when it listens. */
const LISTENING = /^ {2}log /m

/** Namespaces in which commands run. */
export interface Inside {
  /** Precedes a command line that is to run inside. */
  readonly enter: readonly string[]
}

/** A program that a newcomer has started. */
export interface Started {
  readonly process: ChildProcess
  /** Everything on its terminal. */
  output(): string
  /** Waits for a text on it. @throws {Error} (rejects) with the output if the program ends, or that takes too long. */
  until(text: RegExp): Promise<void>
}

export class Machine {
  readonly folder: string
  readonly #node: string | undefined
  readonly #inside: Inside | undefined
  readonly #env: Readonly<Record<string, string | undefined>>
  /** Of the server that was started last. */
  port = 0
  /** Of its page. */
  httpPort = 0

  /**
   * @param folder - A folder, in which all others are made.
   * @param node - The binary of Node.js; undefined for a machine without one.
   * @param inside - Where commands run; default: on this machine, on ports that are free.
   * @param more - More environment variables.
   */
  constructor(
    folder: string,
    node: string | undefined,
    inside?: Inside,
    more: Readonly<Record<string, string>> = {},
  ) {
    const home = join(folder, 'home')
    mkdirSync(home, { recursive: true })
    const kept = Object.entries(process.env).filter(([name]) => !OWN_VARIABLES.test(name))
    this.folder = folder
    this.#node = node
    this.#inside = inside
    this.#env = {
      ...Object.fromEntries(kept),
      // Nothing but the shell's own commands if there is no Node.js: it may be where everything else is.
      PATH: node === undefined ? '/nonexistent' : `${dirname(node)}:${process.env['PATH']}`,
      HOME: home,
      npm_config_cache: join(folder, 'npm-cache'),
      // This machine's registry and certificates.
      npm_config_userconfig: join(homedir(), '.npmrc'),
      MQNAMESRV_USER_HOME: home,
      // Java does not read HOME; Maven's cache and the broker's store are below it.
      JAVA_TOOL_OPTIONS: `-Duser.home=${home}`,
      ...more,
    }
  }

  /** The same machine in namespaces with a network of their own, with the ports that the documents name. */
  within(inside: Inside, more?: Readonly<Record<string, string>>): Machine {
    return new Machine(this.folder, this.#node, inside, more)
  }

  /** The environment of all commands: other servers of this machine may have the usual ports. */
  get env(): Readonly<Record<string, string | undefined>> {
    if (this.#inside !== undefined) return this.#env
    return {
      ...this.#env,
      MQNAMESRV_BIND_ADDRESS: '127.0.0.1',
      MQNAMESRV_LISTEN_PORT: `${this.port}`,
      MQNAMESRV_HTTP_LISTEN_PORT: `${this.httpPort}`,
      NAMESRV_ADDR: `127.0.0.1:${this.port}`,
    }
  }

  /** Takes other ports, right before a start: one that is free may be in use a minute later. */
  async takePorts(): Promise<void> {
    this.port = await freePort()
    this.httpPort = await freePort()
  }

  /** A new, empty folder. */
  emptyFolder(): string {
    return mkdtempSync(join(this.folder, 'empty-'))
  }

  /** The command line of a shell that runs a script, in the folder and the namespaces that it is for. */
  #shell(script: string, cwd: string): [string, ...string[]] {
    // nsenter starts in the root folder of the namespace.
    const shell = ['/bin/sh', '-ec', `cd '${cwd}'\n${script}`]
    return [...(this.#inside?.enter ?? []), ...shell] as [string, ...string[]]
  }

  /** Runs commands; the first that fails ends them. @returns What they print. @throws {Error} (rejects) with that. */
  async run(commands: string, cwd: string): Promise<string> {
    return await new Promise((resolve, reject) => {
      const options = { env: this.env, timeout: STEP_LIMIT_MS, maxBuffer: 64 * 1024 * 1024 }
      const [program, ...args] = this.#shell(commands, cwd)
      execFile(program, args, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(`exit code ${error.code ?? error.signal}\n${stdout}${stderr}`))
      })
    })
  }

  /** Starts a server on ports of its own, and waits until it has shown its first lines. @throws {Error} (rejects) with its output. */
  async startServer(commands: string, cwd: string): Promise<Started> {
    await this.takePorts()
    return await this.start(commands, cwd, LISTENING)
  }

  /** Starts a program on a terminal of its own, and waits until it has written a text. @throws {Error} (rejects) with its output. */
  async start(commands: string, cwd: string, text: RegExp): Promise<Started> {
    const file = join(mkdtempSync(join(this.folder, 'start-')), 'start.sh')
    writeFileSync(file, commands)
    // A terminal, as a newcomer has it; `script` is in every Debian.
    const [program, ...args] = this.#shell(`exec /usr/bin/script -qfec "/bin/sh -e '${file}'" /dev/null`, cwd)
    const child = spawn(program, args, {
      env: { ...this.env, SHELL: '/bin/sh', TERM: 'xterm' },
    })
    const chunks: Buffer[] = []
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    const output = (): string => Buffer.concat(chunks).toString()
    const until = async (wanted: RegExp): Promise<void> => {
      const endMs = performance.now() + STEP_LIMIT_MS
      while (!wanted.test(output())) {
        if (child.exitCode !== null || performance.now() > endMs) {
          if (child.exitCode === null) killAll(child.pid)
          throw new Error(`it has not written ${wanted}\n${output()}`)
        }
        await delay(POLL_MS)
      }
    }
    await until(text)
    return { process: child, output, until }
  }

  /** Ctrl-C on the terminal of a program. @throws {Error} (rejects) if it does not end. */
  async stop({ process: child, output }: Started): Promise<void> {
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) })
    child.stdin?.write('\x03')
    try {
      await ended
    } catch {
      killAll(child.pid)
      throw new Error(`not ended by Ctrl-C\n${output()}`)
    }
  }

  /** Ctrl-C on the terminal of a server. @throws {Error} (rejects) if it does not shut down. */
  async stopServer(started: Started): Promise<void> {
    await this.stop(started)
    const output = started.output()
    if (!output.includes('shutdown complete')) throw new Error(`not shut down by Ctrl-C\n${output}`)
  }

  /** The page and its first file, from the server's HTTP port. @throws {Error} (rejects) if they are not there. */
  async readPage(httpPort = this.httpPort): Promise<void> {
    const url = `http://127.0.0.1:${httpPort}/`
    const html = await textOf(url)
    const [script] = /assets\/app\.\w+\.js/.exec(html) ?? []
    if (script === undefined) throw new Error(`the page has no script: ${html}`)
    await textOf(url + script)
  }

  /**
   * Observes the server that was started last: page, findings and metrics, until SIGTERM.
   * @param program - The command without its arguments.
   * @throws {Error} (rejects) if something of it is missing, or if it does not end with 0.
   */
  async observe(program: string, cwd: string): Promise<void> {
    const port = await freePort()
    const words = ['observe', '-n', `127.0.0.1:${this.port}`, '--listen', `127.0.0.1:${port}`]
    const child = spawn(join(cwd, program), words, {
      cwd,
      env: this.env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(STEP_LIMIT_MS) })
    try {
      const url = `http://127.0.0.1:${port}`
      const isReady = (): Promise<boolean> =>
        textOf(`${url}/readyz`).then(
          () => true,
          () => false,
        )
      const endMs = performance.now() + STOP_LIMIT_MS
      while (!(await isReady())) {
        if (child.exitCode !== null || performance.now() > endMs)
          throw new Error('it has not read the server')
        await delay(POLL_MS)
      }
      await this.readPage(port)
      const findings = await textOf(`${url}/api/v1/findings`)
      if (!findings.startsWith('{"observed":{')) throw new Error(`no findings of it: ${findings}`)
      const up = `rocketmq_nameserver_observed_up{namesrv="127.0.0.1:${this.port}"} 1\n`
      if (!(await textOf(`${url}/metrics`)).includes(up)) throw new Error(`no ${up}`)
    } finally {
      child.kill('SIGTERM')
    }
    const [code] = await ended
    if (code !== 0) throw new Error(`exit code ${code} after SIGTERM`)
  }
}

/** Kills a process and all that it has started: without its terminal alone, a server that ignores SIGHUP would stay behind. */
function killAll(pid: number | undefined): void {
  if (pid === undefined) return
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  for (const child of children.split(' ').filter(Boolean)) killAll(Number(child))
  process.kill(pid, 'SIGKILL')
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
  return await response.text()
}
