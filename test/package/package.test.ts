import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildAll } from '../../scripts/build.mjs'
import type { LockedPackage } from '../../scripts/package/supply-chain.ts'
import { blocksOf } from '../../scripts/support/markdown-pages.ts'

const MAX_PACKED_BYTES = 1_000_000
const MAX_INSTALLED_BYTES = 12_000_000

const root = fileURLToPath(new URL('../../', import.meta.url))
const compiler = join(root, 'node_modules/typescript/bin/tsc')
const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-package-'))
/** A program that has installed the package, without the dependencies of its development. */
const consumer = join(folder, 'consumer')
const installed = join(consumer, 'node_modules', 'mqnamesrv')

let packed: {
  readonly filename: string
  readonly size: number
  readonly files: readonly { readonly path: string }[]
}

beforeAll(async () => {
  const checkout = join(folder, 'checkout')
  for (const name of [
    'package.json',
    'bin',
    'conf',
    'docs',
    'CHANGELOG.md',
    'LICENSE',
    'NOTICE',
    'README.md',
    'SECURITY.md',
  ])
    cpSync(join(root, name), join(checkout, name), { recursive: true })
  // From the sources as they are: `dist` is what was built last.
  await buildAll(join(checkout, 'dist'))
  const report = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], checkout)
  packed = JSON.parse(report)[0]
  mkdirSync(installed, { recursive: true })
  run('tar', ['-xzf', join(folder, packed.filename), '-C', installed, '--strip-components=1'], folder)
  for (const { name, path } of productionPackages()) {
    mkdirSync(dirname(join(consumer, 'node_modules', name)), { recursive: true })
    symlinkSync(path, join(consumer, 'node_modules', name))
  }
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', type: 'module' }))
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8' })
}

/** Those that an installation without those of development has at the top level; others are inside of them. */
function productionPackages(): { readonly name: string; readonly path: string }[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, LockedPackage>>
  }
  return Object.entries(packages)
    .filter(([path, { dev }]) => path.lastIndexOf('node_modules/') === 0 && dev !== true)
    .map(([path]) => ({ name: path.replace(/^node_modules\//, ''), path: join(root, path) }))
}

/** Bytes of all files in a folder. */
function bytesIn(path: string): number {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(path, name)))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0)
}

/** Type-checks files of the consumer. @returns What the compiler prints; empty if it has found nothing. */
function typeErrors(
  files: readonly string[],
  resolution: 'nodenext' | 'bundler',
  types: readonly string[] = [],
): string {
  const modules =
    resolution === 'nodenext'
      ? ['--module', 'nodenext']
      : ['--module', 'esnext', '--moduleResolution', 'bundler']
  const options = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--target',
    'es2023',
    '--lib',
    'es2023',
  ]
  return spawnSync(process.execPath, [compiler, ...options, ...modules, ...types, ...files], {
    cwd: consumer,
    encoding: 'utf8',
  }).stdout
}

function script(code: string): {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
} {
  writeFileSync(join(consumer, 'script.mjs'), code)
  return spawnSync(process.execPath, ['script.mjs'], { cwd: consumer, encoding: 'utf8', timeout: 60_000 })
}

describe('the package', () => {
  it('is smaller than a megabyte, and 12 megabytes with all that it needs', () => {
    expect(packed.size).toBeLessThan(MAX_PACKED_BYTES)
    const others = productionPackages().reduce((sum, { path }) => sum + bytesIn(path), 0)
    expect(bytesIn(installed) + others).toBeLessThan(MAX_INSTALLED_BYTES)
  })

  it('has a man page, in the list that npm 11 links (it ignores a single name)', () => {
    const { man } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { man: string[] }
    expect(man.map((path) => existsSync(join(installed, path)))).toEqual([true])
  })

  it('has exactly the type declarations that those of its exports need, and no test or source', () => {
    const needed = new Set<string>()
    const visit = (path: string): void => {
      if (needed.has(path)) return
      needed.add(path)
      const text = readFileSync(join(installed, path), 'utf8')
      for (const [, target = ''] of text.matchAll(/from '(\.[^']+)'/g))
        visit(join(dirname(path), target.replace(/\.ts$/, '.d.ts')))
    }
    visit('dist/index.d.ts')
    const paths = packed.files.map(({ path }) => path)
    expect(paths.filter((path) => path.endsWith('.ts'))).toEqual([...needed].sort())
    expect(paths.filter((path) => /^(src|test|scripts)\/|\.map$/.test(path))).toEqual([])
  })

  it('has declarations that use no other package, and nothing marked as internal', () => {
    const declarations = packed.files.map(({ path }) => path).filter((path) => path.endsWith('.d.ts'))
    for (const path of declarations) {
      const text = readFileSync(join(installed, path), 'utf8')
      expect(text).not.toMatch(/@internal|from '[^.]|import\('/)
    }
  })

  it('lets no file inside of it be imported', () => {
    const { status, stdout } = script(`
      for (const path of ['dist/index.js', 'dist/cli/main.js', 'src/index.ts'])
        await import('mqnamesrv/' + path).then(() => console.log(path), ({ code }) => console.log(code))
      const { default: { name } } = await import('mqnamesrv/package.json', { with: { type: 'json' } })
      console.log(name, Object.keys(await import('mqnamesrv')).join(' '))`)
    expect({ status, lines: stdout.trimEnd().split('\n') }).toEqual({
      status: 0,
      lines: [
        ...Array.from({ length: 3 }, () => 'ERR_PACKAGE_PATH_NOT_EXPORTED'),
        'mqnamesrv AdminError ConfigError EventsLostError ViewError createAdmin startNamesrv',
      ],
    })
  })

  it('has errors that have the names under which it exports them', () => {
    const { stdout } = script(`
      for (const [name, exported] of Object.entries(await import('mqnamesrv')))
        if (exported.prototype instanceof Error) console.log(name, new exported('', '').name)`)
    const names = ['AdminError', 'ConfigError', 'EventsLostError', 'ViewError']
    expect(stdout).toBe(names.map((name) => `${name} ${name}\n`).join(''))
  })

  it('works in the bundle of another program, without the page', async () => {
    const { build } = await import('esbuild')
    const contents = `import { startNamesrv } from 'mqnamesrv'
      async function main() {
        const ns = await startNamesrv({ listenPort: 0, httpListenPort: 'any' })
        const { version } = await ns.view('/api/v1/status')
        const { status } = await fetch('http://127.0.0.1:' + ns.httpPort + '/')
        console.log(version, status)
        await ns.shutdown()
      }
      main()`
    // As a single file needs it.
    const outfile = join(consumer, 'bundle.cjs')
    await build({
      stdin: { contents, resolveDir: consumer },
      ...{ bundle: true, platform: 'node', format: 'cjs', outfile, logLevel: 'error' },
    })
    expect(run(process.execPath, [outfile], consumer)).toBe('unknown 503\n')
  })

  it('has a program that runs', () => {
    const { stdout } = spawnSync(process.execPath, [join(installed, 'bin/mqnamesrv'), '-v'], {
      encoding: 'utf8',
    })
    expect(stdout).toMatch(/^mqnamesrv \d/)
  })

  it.each(['nodenext', 'bundler'] as const)('has types for moduleResolution %s', (resolution) => {
    const file = 'wrong.ts'
    writeFileSync(
      join(consumer, file),
      `import { startNamesrv, createAdmin, type NamesrvController } from 'mqnamesrv'
      const ns = await startNamesrv({ listenPort: 0, tlsMode: 1 })
      const { topics } = await ns.view('/api/v1/topics')
      topics.length satisfies string
      await createAdmin({ namesrvAddr: ns.address }).view('/api/v1/topics/{topic}')`,
    )
    const places = [...typeErrors([file], resolution).matchAll(/^wrong\.ts\((\d+),\d+\): error TS\d+/gm)].map(
      ([, line]) => line,
    )
    expect(places).toEqual(['1', '2', '4', '5'])
  })
})

describe('docs/library.md and README.md', () => {
  const examples = [...blocksOf('docs/library.md'), ...blocksOf('README.md')]
    .filter(({ language }) => language === 'ts' || language === 'js')
    .map(({ content }, index) => ({ code: content, name: `example-${index}.ts` }))

  it('have examples whose types are right', () => {
    for (const { name, code } of examples) writeFileSync(join(consumer, name), code)
    mkdirSync(join(consumer, 'node_modules', '@types'), { recursive: true })
    for (const name of ['@types/node', 'undici-types'])
      if (!existsSync(join(consumer, 'node_modules', name)))
        symlinkSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name))
    const files = examples.map(({ name }) => name)
    expect(files.length).toBeGreaterThan(4)
    for (const resolution of ['nodenext', 'bundler'] as const)
      expect(typeErrors(files, resolution, ['--types', 'node'])).toBe('')
  })

  it.each(examples)('have an example that runs and ends: $name', async ({ code }) => {
    const { transform } = await import('esbuild')
    const { code: javaScript } = await transform(code, { loader: 'ts', format: 'esm' })
    const { status, stderr } = script(javaScript)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})
