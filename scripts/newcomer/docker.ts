/**
 * Docker as a newcomer has it: a daemon of its own in a {@link PrivateNetwork}, Docker Compose, and the images that ours are made of and
 * run beside. No image registry is asked: stand-ins made from package registries have the names of the real images.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type BaseImage, prepareBaseImage } from '../image/base-image.ts'
import { requireCommands } from '../image/commands.ts'
import type { Machine } from './machine.ts'
import { PrivateNetwork } from './private-network.ts'

/** Built from its module, because the package registries have no binary of it. */
const COMPOSE = 'github.com/docker/compose/v2/cmd'
const COMPOSE_VERSION = 'v2.40.3'

const START_LIMIT_MS = 60_000
const POLL_MS = 250

/** Debian's client builds by itself; one from elsewhere may lack the plugin that it builds with. */
const DEBIAN_DOCKER = '/usr/bin/docker'

const runtime = fileURLToPath(new URL('limited-runc.sh', import.meta.url))

/** A machine with Docker. All of it is gone after {@link DockerMachine.end}. */
export class DockerMachine {
  /** Runs commands in the network of the Docker daemon, where published ports are. */
  readonly machine: Machine
  /** The name of the base image of the Dockerfile. */
  readonly baseImage: string
  readonly #network: PrivateNetwork
  readonly #daemon: ChildProcess

  private constructor(machine: Machine, baseImage: string, network: PrivateNetwork, daemon: ChildProcess) {
    this.machine = machine
    this.baseImage = baseImage
    this.#network = network
    this.#daemon = daemon
  }

  /** Starts the daemon, and loads the base image of the Dockerfile. @throws {Error} (rejects) if a tool is missing, or it does not start. */
  static async start(outer: Machine): Promise<DockerMachine> {
    requireCommands(['dockerd', 'runc', 'go'])
    const base = prepareBaseImage()
    const folder = outer.emptyFolder()
    installClient(folder, base)
    const network = await PrivateNetwork.start(folder)
    const machine = outer.within(network, {
      DOCKER_HOST: `unix://${folder}/docker.sock`,
      DOCKER_CONFIG: folder,
      // Releases before 23 build in another way without it, which does not know `RUN --mount`.
      DOCKER_BUILDKIT: '1',
      PATH: [join(folder, 'bin'), outer.env['PATH']].join(delimiter),
    })
    const log = openSync(join(folder, 'dockerd.log'), 'a')
    const [program = '', ...args] = [...network.enter, 'dockerd', ...daemonOptions(folder)]
    const daemon = spawn(program, args, { stdio: ['ignore', log, log] })
    closeSync(log)
    const docker = new DockerMachine(machine, base.name, network, daemon)
    try {
      await docker.until('docker version', () => true, START_LIMIT_MS)
      await loadBaseImage(machine, base, folder)
    } catch (error) {
      await docker.end()
      throw error
    }
    return docker
  }

  /** Repeats a command until it succeeds and its output is as expected. @throws {Error} (rejects) with its output if that takes too long. */
  async until(command: string, isReached: (output: string) => boolean, limitMs: number): Promise<string> {
    const endMs = performance.now() + limitMs
    for (;;) {
      let seen = ''
      try {
        seen = await this.machine.run(command, '/')
        if (isReached(seen)) return seen
      } catch (error) {
        seen = (error as Error).message
      }
      assert(performance.now() < endMs && this.#daemon.exitCode === null, `${command}: ${seen}`)
      await delay(POLL_MS)
    }
  }

  /** Ends the daemon and all containers. */
  async end(): Promise<void> {
    await this.#network.end()
  }
}

function daemonOptions(folder: string): string[] {
  return [
    ...['--data-root', join(folder, 'data'), '--exec-root', '/run/docker', '--pidfile', '/run/docker.pid'],
    ...['--host', `unix://${folder}/docker.sock`],
    ...['--add-runtime', `limited=${runtime}`, '--default-runtime', 'limited'],
  ]
}

/** Puts the commands `docker` and `docker compose` below a folder: its `bin`, and where DOCKER_CONFIG finds plugins. */
function installClient(folder: string, { folder: kept }: BaseImage): void {
  mkdirSync(join(folder, 'bin'))
  if (existsSync(DEBIAN_DOCKER)) symlinkSync(DEBIAN_DOCKER, join(folder, 'bin', 'docker'))
  const module = join(kept, 'compose')
  const built = join(module, `docker-compose-${COMPOSE_VERSION}`)
  if (!existsSync(built)) {
    mkdirSync(module, { recursive: true })
    writeFileSync(join(module, 'go.mod'), 'module newcomer\n')
    const inModule = { cwd: module, stdio: 'pipe' } as const
    execFileSync('go', ['get', `${COMPOSE}@${COMPOSE_VERSION}`], inModule)
    execFileSync('go', ['build', '-o', built, COMPOSE], inModule)
  }
  mkdirSync(join(folder, 'cli-plugins'))
  symlinkSync(built, join(folder, 'cli-plugins', 'docker-compose'))
}

/** Loads the base image, with this machine's npm registry and the certificates that npm trusts here: the documented build has neither. */
async function loadBaseImage(machine: Machine, { name, buildah }: BaseImage, folder: string): Promise<void> {
  const archive = join(folder, 'base.tar')
  buildah.save(name, archive)
  await machine.run(`docker load --input '${archive}'`, folder)
  const [registry, certificates = ''] = (
    await machine.run('npm config get registry; npm config get cafile', folder)
  ).split('\n')
  const context = join(folder, 'base')
  mkdirSync(context)
  const lines = [`FROM ${name}`, `ENV npm_config_registry=${registry}`]
  if (existsSync(certificates)) {
    copyFileSync(certificates, join(context, 'ca.pem'))
    lines.push('COPY ca.pem /etc/ca.pem', 'ENV NODE_EXTRA_CA_CERTS=/etc/ca.pem')
  }
  writeFileSync(join(context, 'Dockerfile'), lines.join('\n'))
  await machine.run(`docker build --tag '${name}' '${context}'`, folder)
}
