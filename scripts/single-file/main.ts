/**
 * Builds mqnamesrv as one executable file that needs no Node.js: a "single executable application" of Node, with the bundled
 * program, its code cache and the page in it. For Linux, on the platform where it runs.
 *
 * Usage: `npm run single-file [-- --node FILE]`. Writes `dist-packages/mqnamesrv`, and beside it `LICENSES.txt`, the licences of
 * everything in it. FILE is the `bin/node` of an unpacked release, default: the newest LTS from the npm registry. The same
 * commit and the same Node give the same bytes.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { buildPage } from '../page/build.mjs'
import { installNode, NEWEST_LTS } from '../support/node-binary.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const output = join(root, 'dist-packages')

/** Node searches its own binary for this text: postject turns its `:0` into `:1`. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/** @returns The paths of the bundled sources, from the repository on. */
async function bundle(file: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['scripts/single-file/entry.mjs'],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // The only format of a main script; what import() loads is evaluated when it is first needed, as in a package.
    format: 'cjs',
    supported: { 'dynamic-import': false },
    // For paths relative to a module. The files that are read so are assets here.
    define: { 'import.meta.url': 'executableUrl' },
    banner: { js: "const executableUrl = require('node:url').pathToFileURL(process.execPath).href;" },
    // LICENSES.txt has them.
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  return Object.keys(metafile.inputs)
}

/** What the program reads at run time, see `src/namesrv/files/own-files.ts`: package.json with the commit, and the page. */
async function writeAssets(folder: string): Promise<Record<string, string>> {
  const page = join(folder, 'page')
  await buildPage(page)
  const names = readdirSync(page).sort()
  const list = join(folder, 'page.json')
  writeFileSync(list, JSON.stringify(names))
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const manifest = join(folder, 'package.json')
  writeFileSync(manifest, JSON.stringify({ name, version, ...commit() }))
  const files = new Map([
    ['package.json', manifest],
    ['page', list],
    ...names.map((each) => [`page/${each}`, join(page, each)] as const),
  ])
  return Object.fromEntries([...files].map(([asset, path]) => [`mqnamesrv/${asset}`, path]))
}

/** The commit, unless the sources differ from it or are no clone. */
function commit(): { gitHead?: string } {
  if (!existsSync(join(root, '.git'))) return {}
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  return git('status', '--porcelain') === '' ? { gitHead: git('rev-parse', 'HEAD') } : {}
}

function licences(sources: readonly string[], node: string): string {
  const packages = sources.flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [])
  const parts = [
    ['mqnamesrv', join(root, 'LICENSE')],
    ['mqnamesrv, NOTICE', join(root, 'NOTICE')],
    ['Node.js and what it contains', join(dirname(dirname(node)), 'LICENSE')],
    ...[...new Set(packages)].sort().map((path) => [path.replace('node_modules/', ''), licenceOf(path)]),
  ] as const
  return parts
    .map(
      ([name = '', file = '']) =>
        `${name}\n${'='.repeat(name.length)}\n\n${readFileSync(file, 'utf8').trim()}\n`,
    )
    .join('\n\n')
}

function licenceOf(path: string): string {
  const folder = join(root, path)
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name))
  if (file === undefined) throw new Error(`${path} is part of the file, and has no licence`)
  return join(folder, file)
}

/** What it prints is shown only if it fails. @throws {Error} with its standard error. */
function run(command: string, args: readonly string[], cwd = root): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
}

async function main(): Promise<void> {
  if (process.platform !== 'linux') throw new Error(`builds on Linux only, this is ${process.platform}`)
  const { values } = parseArgs({ options: { node: { type: 'string' } } })
  const work = mkdtempSync(join(tmpdir(), 'mqnamesrv-single-'))
  try {
    const node = values.node === undefined ? installNode(NEWEST_LTS, work) : resolve(values.node)
    const sources = await bundle(join(work, 'main.cjs'))
    const settings = {
      // Relative, because the path becomes part of the file.
      main: 'main.cjs',
      output: 'blob',
      assets: await writeAssets(work),
      disableExperimentalSEAWarning: true,
      useCodeCache: true,
      // As bin/mqnamesrv does; Node before 24.6 leaves it out.
      execArgv: ['--max-semi-space-size=1'],
    }
    writeFileSync(join(work, 'sea.json'), JSON.stringify(settings))
    // The seed makes the code cache reproducible. V8 accepts it from a process without the flag, unlike with --hash-seed.
    run(node, ['--random-seed=1', '--experimental-sea-config', 'sea.json'], work)
    mkdirSync(output, { recursive: true })
    const built = join(work, 'mqnamesrv')
    // Before the program is added: strip would remove it.
    run('strip', ['-o', built, node])
    const postject = join(root, 'node_modules', '.bin', 'postject')
    run(postject, [built, 'NODE_SEA_BLOB', join(work, 'blob'), '--sentinel-fuse', FUSE])
    chmodSync(built, 0o755)
    const file = join(output, 'mqnamesrv')
    // A running copy is replaced, not written to.
    rmSync(file, { force: true })
    copyFileSync(built, file)
    writeFileSync(join(output, 'LICENSES.txt'), licences(sources, node))
    console.log(`${file}: ${execFileSync(file, ['-v'], { encoding: 'utf8' }).trim()}`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

await main()
