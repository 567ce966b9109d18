/**
 * Builds `dist`: the program and the library as bundles that share their code, the types of the library, and the page. JavaScript,
 * because it also runs where tsx is not installed.
 */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildPage } from './page/build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Bundles the sources, because a server of few modules starts faster and takes less memory. Packages stay outside, with their licences.
 * Nothing is minified: stack traces keep their names.
 * @param {string} folder - Where `cli/main.js` and `index.js` go; what they share goes to `chunks`.
 * @returns {Promise<void>}
 */
export async function buildProgram(folder) {
  await build({
    absWorkingDir: root,
    entryPoints: { 'cli/main': 'src/cli/main.ts', index: 'src/index.ts' },
    outdir: folder,
    // As deep as src/common, whose modules look for files of the package.
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    logLevel: 'warning',
  })
}

/**
 * @param {string} folder - Replaced as a whole.
 * @returns {Promise<void>}
 * @throws {Error} The compiler's complaints are on stderr.
 */
export async function buildAll(folder) {
  rmSync(folder, { recursive: true, force: true })
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', folder], {
    cwd: root,
    stdio: 'inherit',
  })
  await buildProgram(folder)
  await buildPage(join(folder, 'page'))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll(join(root, 'dist'))
