/** A machine as a newcomer has it: empty folders, an empty npm cache, and the Node.js under test. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/ports.ts'

/** `npm ci` with an empty cache, and the build, on a busy machine. */
const STEP_LIMIT_MS = 9 * 60_000
const STOP_LIMIT_MS = 30_000
const POLL_MS = 50

/** Variables of this machine that a newcomer does not have. */
const OWN_VARIABLES =
  /^(?:MQNAMESRV_|NODE_OPTIONS$|NODE_ENV$|npm_(?!config_(?:registry|cafile))|NAMESRV_ADDR$)/i

/** A server that a newcomer has started. */
export interface Started {
  readonly process: ChildProcess
  /** Everything on its terminal. */
  output(): string
}

export class Machine {
  readonly folder: string
  readonly #env: Readonly<Record<string, string | undefined>>
  /** Of the server that was started last. */
  port = 0
  /** Of its page. */
  httpPort = 0

  /**
   * @param folder - A folder, in which all others are made.
   * @param node - The binary of Node.js; undefined for a machine without one.
   */
  constructor(folder: string, node: string | undefined) {
    const home = join(folder, 'home')
    mkdirSync(home, { recursive: true })
    const kept = Object.entries(process.env).filter(([name]) => !OWN_VARIABLES.test(name))
    this.folder = folder
    this.#env = {
      ...Object.fromEntries(kept),
      // Nothing but the shell's own commands if there is no Node.js: it may be where everything else is.
      PATH: node === undefined ? '/nonexistent' : `${dirname(node)}:${process.env['PATH']}`,
      HOME: home,
      npm_config_cache: join(folder, 'npm-cache'),
      // This machine's registry and certificates.
      npm_config_userconfig: join(homedir(), '.npmrc'),
      MQNAMESRV_USER_HOME: home,
    }
  }

  /** The environment of all commands: other servers of this machine may have the usual ports. */
  get env(): Readonly<Record<string, string | undefined>> {
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

  /** Runs commands; the first that fails ends them. @returns What they print. @throws {Error} (rejects) with that. */
  async run(commands: string, cwd: string): Promise<string> {
    return await new Promise((resolve, reject) => {
      const options = { cwd, env: this.env, timeout: STEP_LIMIT_MS, maxBuffer: 64 * 1024 * 1024 }
      execFile('/bin/sh', ['-ec', commands], options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(`exit code ${error.code ?? error.signal}\n${stdout}${stderr}`))
      })
    })
  }

  /** Starts a server on a terminal of its own, and waits until it has shown its first lines. @throws {Error} (rejects) with its output. */
  async start(commands: string, cwd: string): Promise<Started> {
    await this.takePorts()
    const file = join(this.folder, 'start.sh')
    writeFileSync(file, commands)
    // A terminal, as a newcomer has it; `script` is in every Debian.
    const child = spawn('/usr/bin/script', ['-qfec', `/bin/sh -e ${file}`, '/dev/null'], {
      cwd,
      env: { ...this.env, SHELL: '/bin/sh', TERM: 'xterm' },
    })
    const chunks: Buffer[] = []
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    const output = (): string => Buffer.concat(chunks).toString()
    const endMs = performance.now() + STEP_LIMIT_MS
    // The last of the first lines, which it shows when it listens.
    while (!/^ {2}log /m.test(output())) {
      if (child.exitCode !== null || performance.now() > endMs) {
        child.kill('SIGKILL')
        throw new Error(`no server has started\n${output()}`)
      }
      await delay(POLL_MS)
    }
    return { process: child, output }
  }

  /** Ctrl-C on the server's terminal. @throws {Error} (rejects) if it does not shut down. */
  async stop({ process: child, output }: Started): Promise<void> {
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) })
    child.stdin?.write('\x03')
    try {
      await ended
    } catch {
      child.kill('SIGKILL')
    }
    if (!output().includes('shutdown complete')) throw new Error(`not shut down by Ctrl-C\n${output()}`)
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

async function textOf(url: string): Promise<string> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
  return await response.text()
}
