/**
 * Does what a newcomer does, and fails when a documented step fails: for each way to a running server (paths.ts), and for each release of
 * Node.js it can run on, a fresh clone, an empty npm cache, and the commands of the document.
 *
 * Usage: `npm run newcomer [-- PATH... [--node FILE]...]`. PATH: clone, npm, single-file, deb, image, compose, helm, walk; default: all.
 * FILE: the `bin/node` of an unpacked release; default: Node 20.19.0 and the newest LTS, from the npm registry. What is tried is the last
 * commit. CONTRIBUTING.md says what each path needs. One line per step; exit code 1 if one fails.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CheckList } from '../support/check-list.ts'
import { installNode, NEWEST_LTS } from '../support/node-binary.ts'
import { commandsOf } from './documents.ts'
import { Machine } from './machine.ts'
import { type InstallPath, type Newcomer, PATHS } from './paths.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The `engines` of package.json. */
const OLDEST_NODE = '20.19.0'

const list = new CheckList()

/** Commands without their comments, for a line of the list. */
function onOneLine(commands: string): string {
  return commands.replaceAll(/ +# .*$/gm, '').replaceAll('\n', '; ')
}

/** A step that failed, and has been reported. */
class StepFailedError extends Error {}

function stepper(title: string): Newcomer['step'] {
  return async (name, take) => {
    const startMs = performance.now()
    const line = (): string =>
      `${title}: ${onOneLine(name)} (${((performance.now() - startMs) / 1_000).toFixed(1)} s)`
    try {
      const result = await take()
      list.pass(line())
      return result
    } catch (error) {
      list.fail(line(), error)
      throw new StepFailedError(name, { cause: error })
    }
  }
}

/** Takes all paths with one release of Node.js. */
async function takeAll(paths: readonly InstallPath[], node: string, folder: string): Promise<void> {
  const version = execFileSync(node, ['-v'], { encoding: 'utf8' }).trim()
  const machine = new Machine(folder, node)
  const bare = new Machine(join(folder, 'bare'), undefined)
  const clone = join(folder, 'clone')
  // As on a hardened machine: what others are to read says so itself.
  const umask = process.umask(0o077)
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone])
  process.umask(umask)
  // The path `clone` does it as one of its steps.
  if (paths[0]?.name !== 'clone' && paths.some(({ usesInstalled }) => usesInstalled))
    await stepper(`Node ${version}`)('npm ci', () => machine.run('npm ci', clone))
  for (const path of paths) {
    const step = stepper(`${path.name}, Node ${version}`)
    try {
      await path.take({ clone, machine, bare, step }, commandsOf(path))
    } catch (error) {
      if (!(error instanceof StepFailedError)) throw error
    }
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { node: { type: 'string', multiple: true } },
  })
  const unknown = positionals.find((word) => !PATHS.some(({ name }) => name === word))
  if (unknown !== undefined)
    throw new Error(`${unknown} is not one of ${PATHS.map(({ name }) => name).join(', ')}`)
  const chosen = PATHS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-newcomer-'))
  try {
    const nodes =
      values.node ?? [OLDEST_NODE, NEWEST_LTS].map((version) => installNode(version, join(folder, version)))
    for (const [index, node] of nodes.entries()) {
      // What brings its own Node.js is tried once, with the last.
      const paths = chosen.filter(({ runsOnNode }) => runsOnNode || index === nodes.length - 1)
      if (paths.length === 0) continue
      const work = mkdtempSync(join(folder, 'machine-'))
      await takeAll(paths, node, work)
      rmSync(work, { recursive: true, force: true })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  list.end()
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
