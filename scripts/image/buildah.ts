import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { output, run } from './commands.ts'

/** The part of an image's configuration that Docker acts on. */
export interface ImageConfig {
  User: string
  ExposedPorts: Record<string, object>
  Env: string[]
  Entrypoint: string[]
  Cmd: string[]
  Healthcheck: { Test: string[]; Interval: number; Timeout: number }
}

/** A file lent to the build under `/run/secrets/<id>` or wherever the Dockerfile wants it; never part of the image. */
export interface Secret {
  id: string
  file: string
}

// Files are copied per layer, which is slow and large, but works on every file system and without kernel support.
const STORAGE_DRIVER = 'vfs'

/** Buildah with an image store of its own, so that a stand-in never shadows a real image of that name. */
export class Buildah {
  readonly #storeArgs: readonly string[]

  /** @param folder - Keeps the store; it is filled on first use. */
  constructor(folder: string) {
    this.#storeArgs = [
      ...['--root', join(folder, 'store'), '--runroot', join(folder, 'run')],
      ...['--storage-driver', STORAGE_DRIVER],
    ]
  }

  #output(...args: string[]): string {
    return output('buildah', [...this.#storeArgs, ...args])
  }

  #run(...args: string[]): void {
    run('buildah', [...this.#storeArgs, ...args])
  }

  hasImage(name: string): boolean {
    return this.#output('images', '--quiet', '--filter', `reference=${name}`) !== ''
  }

  /** Makes an image of one layer from a root file system. */
  commitFolder(root: string, name: string, environment: Record<string, string>): void {
    const container = this.#output('from', 'scratch')
    try {
      run('cp', ['--archive', `${root}/.`, this.#output('mount', container)])
      const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
      const env = Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`])
      this.#output('config', '--env', path, ...env, '--cmd', 'node', container)
      this.#run('commit', '--quiet', '--format', 'docker', container, name)
    } finally {
      this.#output('rm', container)
    }
  }

  /** Writes an image to a file, for `docker load`. */
  save(name: string, file: string): void {
    this.#output('push', '--quiet', name, `docker-archive:${file}:${name}`)
  }

  /** Builds the Dockerfile in `context`. Docker's image format, because OCI's has no place for a HEALTHCHECK. */
  build(context: string, name: string, secrets: readonly Secret[]): void {
    const lent = secrets.flatMap(({ id, file }) => ['--secret', `id=${id},src=${file}`])
    const how = ['--isolation', 'chroot', '--pull=never', '--layers=false', '--format', 'docker']
    // What an interrupted run left would hold on to its image. The store is ours alone, and so are its containers.
    this.#output('rm', '--all')
    this.#run('build', ...how, ...lent, '--tag', name, context)
    this.#run('rmi', '--prune')
  }

  /** Uncompressed size of all layers, bytes. */
  sizeBytes(name: string): number {
    const container = this.create(name)
    try {
      const [bytes] = output('du', ['--bytes', '--summarize', this.mount(container)]).split('\t')
      return Number(bytes)
    } finally {
      this.remove(container)
    }
  }

  config(name: string): ImageConfig {
    return JSON.parse(this.#output('inspect', '--type', 'image', name)).Docker.config as ImageConfig
  }

  /** Makes a container of an image and returns its name. */
  create(image: string): string {
    return this.#output('from', '--pull=never', image)
  }

  /** Folder on this machine that shows the container's root file system. */
  mount(container: string): string {
    return this.#output('mount', container)
  }

  remove(container: string): void {
    this.#output('rm', container)
  }

  /**
   * Runs a command in a container with process, network and mount namespaces of its own, as the image's user.
   * @param volumes - `host path:container path[:options]`
   * @param isReadOnly - Whether nothing but volumes can be written.
   */
  start(
    container: string,
    volumes: readonly string[],
    command: readonly string[],
    isReadOnly = false,
    user?: string,
  ): ChildProcess {
    const mounts = volumes.flatMap((volume) => ['--volume', volume])
    const as = user === undefined ? [] : ['--user', user]
    const runtime = isReadOnly ? fileURLToPath(new URL('read-only-runc.mjs', import.meta.url)) : 'runc'
    const how = ['--isolation', 'oci', '--runtime', runtime, '--network', 'none']
    const args = [...this.#storeArgs, 'run', ...how, ...as, ...mounts, container, '--', ...command]
    return spawn('buildah', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  }
}
