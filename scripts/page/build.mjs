/**
 * Builds the page into a folder, `dist/page` by default: index.html, and script, style and icon with a hash of their content in
 * their names; each with a copy compressed by Brotli and gzip. JavaScript, because it also runs where tsx is not installed.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const source = join(root, 'src', 'page')

/**
 * @param {string} folder - Replaced as a whole.
 * @returns {Promise<void>}
 */
export async function buildPage(folder) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['app.ts', 'style.css', 'icon.svg'].map((name) => join(source, name)),
    outdir: folder,
    entryNames: '[name].[hash]',
    loader: { '.svg': 'copy' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    // NOTICE has the licence of lit-html.
    legalComments: 'none',
    write: false,
    logLevel: 'warning',
  })
  const files = outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }))
  let html = readFileSync(join(source, 'index.html'), 'utf8')
  for (const { name } of files) {
    const [stem, , extension] = name.split('.')
    html = html.replaceAll(`assets/${stem}.${extension}`, `assets/${name}`)
  }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const { name, contents } of [...files, { name: 'index.html', contents: Buffer.from(html) }]) {
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: contents.length,
    }
    writeFileSync(join(folder, name), contents)
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(contents, { params }))
    writeFileSync(join(folder, `${name}.gz`), gzipSync(contents, { level: 9 }))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage(join(root, 'dist', 'page'))
