/** The ways to a running NameServer, each with the steps that a newcomer takes. A new way is one more entry of {@link PATHS}. */
import assert from 'node:assert/strict'
import { copyFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { takeCompose, takeImage } from './containers.ts'
import { takeDeb } from './debian.ts'
import type { Purpose, Section } from './documents.ts'
import type { Machine } from './machine.ts'
import { takeWalk } from './walk.ts'

/** What a path has to work with. */
export interface Newcomer {
  /** A clone of this repository, on which `npm ci` has not run for the path `clone`, and has for all others. */
  readonly clone: string
  /** With the Node.js under test. */
  readonly machine: Machine
  /** A machine without Node.js. */
  readonly bare: Machine
  /** Takes a step, and reports it by its name with what it returns. */
  step<Result>(name: string, take: () => Result | Promise<Result>): Promise<Result>
}

export type Commands = (purpose: Purpose) => string

/** A way, and the section whose commands are tried. */
export interface InstallPath extends Section {
  readonly name: string
  /** Whether the server runs on the installed Node.js, so that each release of it is tried. */
  readonly runsOnNode: boolean
  /** Whether it begins in a clone in which `npm ci` has run. */
  readonly usesInstalled: boolean
  take(newcomer: Newcomer, commands: Commands): Promise<void>
}

const PACKAGE = /^mqnamesrv-.*\.tgz$/

export const PATHS: readonly InstallPath[] = [
  {
    name: 'clone',
    page: 'docs/quick-start.md',
    heading: 'A clone',
    runsOnNode: true,
    usesInstalled: false,
    take: async ({ clone, machine, step }, commands) => {
      await startAndAsk(machine, clone, step, commands)
    },
  },
  {
    name: 'npm',
    page: 'docs/quick-start.md',
    heading: 'The npm package',
    runsOnNode: true,
    usesInstalled: true,
    take: async ({ clone, machine, step }, commands) => {
      await step(commands('build'), () => machine.run(commands('build'), clone))
      const { folder } = carry(machine, clone, PACKAGE)
      await startAndAsk(machine, folder, step, commands)
    },
  },
  {
    name: 'single-file',
    page: 'docs/quick-start.md',
    heading: 'A single file',
    runsOnNode: false,
    usesInstalled: true,
    take: async ({ clone, machine, bare, step }, commands) => {
      await step(commands('build'), () => machine.run(commands('build'), clone))
      const { folder } = carry(bare, join(clone, 'dist-packages'), /^mqnamesrv$/)
      await startAndAsk(bare, folder, step, commands, async () => {
        await step('observe', () => bare.observe('mqnamesrv', folder))
      })
    },
  },
  {
    name: 'deb',
    page: 'docs/quick-start.md',
    heading: 'A Debian package',
    runsOnNode: false,
    usesInstalled: true,
    take: async (newcomer, commands) => {
      const { clone, machine, step } = newcomer
      await step(commands('build'), () => machine.run(commands('build'), clone))
      await takeDeb(newcomer, commands, carry(machine, join(clone, 'dist-packages'), /\.deb$/))
    },
  },
  {
    name: 'image',
    page: 'docs/container.md',
    heading: 'With Docker',
    runsOnNode: false,
    usesInstalled: false,
    take: takeImage,
  },
  {
    name: 'compose',
    page: 'docs/container.md',
    heading: 'With Docker Compose',
    runsOnNode: false,
    usesInstalled: false,
    take: takeCompose,
  },
  {
    name: 'helm',
    page: 'docs/kubernetes.md',
    heading: 'Installation',
    runsOnNode: false,
    usesInstalled: true,
    take: async ({ clone, machine, step }) => {
      await step('npm run deploy:check', () => machine.run('npm run deploy:check', clone))
    },
  },
  {
    name: 'walk',
    page: 'README.md',
    heading: 'Five minutes with a real broker',
    runsOnNode: false,
    usesInstalled: true,
    take: async (newcomer, commands) => {
      const { clone, machine, step } = newcomer
      await step('npm pack', () => machine.run('npm pack', clone))
      await takeWalk(newcomer, commands, carry(machine, clone, PACKAGE))
    },
  },
]

/** Starts the server on a terminal, asks it, reads its page, does more if there is more to do, and stops it with Ctrl-C. */
async function startAndAsk(
  machine: Machine,
  folder: string,
  step: Newcomer['step'],
  commands: Commands,
  more: () => Promise<void> = async () => {},
): Promise<void> {
  const started = await step(
    commands('start'),
    async () => await machine.startServer(commands('start'), folder),
  )
  try {
    await step('the first five lines', () => checkFirstLines(started.output(), machine))
    await step(commands('ask'), () => machine.run(commands('ask'), folder))
    await step('the page', () => machine.readPage())
    await more()
  } finally {
    await step('Ctrl-C', () => machine.stopServer(started))
  }
}

/** The last lines of a start: where it listens, the file, the page, what a broker sets, the log. */
function checkFirstLines(output: string, { port, httpPort }: Machine): void {
  const lines = output.trimEnd().split(/\r?\n/).slice(-5)
  const expected = [
    `address 127.0.0.1:${port}`,
    '  file ',
    `  page     http://127.0.0.1:${httpPort}/`,
    `  brokers  set namesrvAddr=127.0.0.1:${port} in broker.conf`,
    '  log ',
  ]
  for (const [index, text] of expected.entries())
    assert(
      lines[index]?.includes(text),
      `line ${index + 1} is not ${JSON.stringify(text)}:\n${lines.join('\n')}`,
    )
}

/** Copies what was built into an empty folder, as a newcomer gets it: without the clone around it. */
function carry(machine: Machine, from: string, pattern: RegExp): { folder: string; file: string } {
  const [name, ...others] = readdirSync(from).filter((each) => pattern.test(each))
  assert(name !== undefined && others.length === 0, `not exactly one file of ${from} is ${pattern}`)
  const folder = machine.emptyFolder()
  const file = join(folder, name)
  copyFileSync(join(from, name), file)
  return { folder, file }
}
