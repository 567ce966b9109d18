/**
 * Makes a stand-in for the Dockerfile's base image where no image registry can be reached: a minimal Debian from this
 * machine's own package mirror, with Node and npm from the npm registry, laid out like the official slim image as far as
 * our Dockerfile can tell (paths, user `node` with uid 1000, no entry point that matters).
 */
import assert from 'node:assert/strict'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Buildah } from './buildah.ts'
import { output, requireCommands, run } from './commands.ts'

/** Node's shared libraries that a minimal Debian does not bring. */
const NODE_LIBRARIES = ['libstdc++6', 'libatomic1']

// What Docker's own slim Debian images leave out as well, and what names the mirror the packages came from.
const LEFT_OUT = [
  'etc/apt/sources.list',
  'usr/share/doc',
  'usr/share/info',
  'usr/share/locale',
  'usr/share/man',
  'var/cache/apt/archives',
  'var/lib/apt/lists',
  'var/log',
]

/** Where this machine's apt finds the Debian release it was set up for. */
export interface DebianSource {
  mirror: string
  suite: string
}

/**
 * Picks the release proper, not its updates or security fixes, from what apt knows.
 * @param targets - Lines of `mirror suite component label`, as {@link debianSource} asks apt for them.
 */
export function pickDebianSource(targets: string): DebianSource {
  for (const line of targets.split('\n')) {
    const [mirror, suite, component, label] = line.split(' ')
    if (mirror && suite && component === 'main' && label === 'Debian' && !suite.includes('-'))
      return { mirror, suite }
  }
  throw new Error('apt knows no Debian release here; run apt-get update first')
}

function debianSource(): DebianSource {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT) $(LABEL)'
  return pickDebianSource(output('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']))
}

/** A base image, and where it is. */
export interface BaseImage {
  /** The name in the Dockerfile. */
  readonly name: string
  readonly buildah: Buildah
  /** What is made once and kept: `MQNAMESRV_IMAGE_FOLDER`, default: a folder below the system's temporary one. */
  readonly folder: string
}

/** The base image of the Dockerfile, which is made if the folder does not have it. @throws {Error} if a tool is missing. */
export function prepareBaseImage(): BaseImage {
  requireCommands(['buildah', 'debootstrap'])
  const folder = process.env['MQNAMESRV_IMAGE_FOLDER'] ?? join(tmpdir(), 'mqnamesrv-image')
  mkdirSync(folder, { recursive: true })
  const buildah = new Buildah(folder)
  const name = baseImageName()
  if (!buildah.hasImage(name)) makeBaseImage(buildah, name, folder)
  return { name, buildah, folder }
}

/** The one image the Dockerfile starts from; a stage of its own (`FROM build`) does not count. */
function baseImageName(): string {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8')
  const names = new Set([...dockerfile.matchAll(/^FROM (\S+:\S+)/gm)].map(([, name]) => name))
  assert.equal(names.size, 1, 'the Dockerfile starts from one image')
  return [...names][0] ?? ''
}

/**
 * Makes the base image.
 * @param name - The name the Dockerfile uses, such as `node:24-slim`; the number is Node's major version.
 * @param workFolder - Where to build it; needs about half a gigabyte.
 * @throws Error if the newest Node of that major version is no LTS release.
 */
function makeBaseImage(buildah: Buildah, name: string, workFolder: string): void {
  const major = /^node:(\d+)-slim$/.exec(name)?.[1]
  if (major === undefined) throw new Error(`no stand-in for the base image ${name}`)
  const folder = mkdtempSync(join(workFolder, 'base-'))
  try {
    const root = join(folder, 'root')
    const { mirror, suite } = debianSource()
    run('debootstrap', ['--variant=minbase', `--include=${NODE_LIBRARIES.join(',')}`, suite, root, mirror])
    for (const path of LEFT_OUT) rmSync(join(root, path), { recursive: true, force: true })
    for (const path of LEFT_OUT.slice(1)) mkdirSync(join(root, path), { recursive: true })
    const version = installNode(root, major, join(folder, 'npm'))
    run('chroot', [root, 'groupadd', '--gid', '1000', 'node'])
    run('chroot', [
      root,
      'useradd',
      '--uid',
      '1000',
      '--gid',
      'node',
      '--shell',
      '/bin/bash',
      '--create-home',
      'node',
    ])
    buildah.commitFolder(root, name, { NODE_VERSION: version })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function installNode(root: string, major: string, folder: string): string {
  // The `node` package is only an installer of these: one package per platform, with the binary in it.
  const binaryPackage = `node-linux-${process.arch}`
  mkdirSync(folder)
  const packages = [`${binaryPackage}@${major}`, 'npm@11']
  run('npm', [
    'install',
    '--prefix',
    folder,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    ...packages,
  ])
  const modules = join(folder, 'node_modules')
  const binary = join(modules, binaryPackage, 'bin', 'node')
  const [version, codename] = output(binary, [
    '-p',
    'process.versions.node + " " + process.release.lts',
  ]).split(' ')
  if (version === undefined || codename === 'undefined') throw new Error(`Node ${version} is no LTS release`)

  const local = join(root, 'usr', 'local')
  copyFileSync(binary, join(local, 'bin', 'node'))
  cpSync(join(modules, 'npm'), join(local, 'lib', 'node_modules', 'npm'), { recursive: true })
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name))
  }
  console.error(`base image: Node ${version} (${codename}), ${readdirSync(modules).length} packages`)
  return version
}
