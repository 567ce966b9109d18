import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(`${root}docs/architecture.md`, 'utf8')

/** Rows of the table of layers: a folder, or two, and what it imports. */
const ROW = /^\| `(src\/[\w/]+)`(?:, `(src\/[\w/]+)`)? \| .+ \| (.+) \|$/gm
const IMPORT = /\b(?:from|import\() ?'(\.[^']+)'/g

/** What each folder of the table imports, as paths without ending. */
function layersOf(text: string): Map<string, readonly string[]> {
  const layers = new Map<string, readonly string[]>()
  for (const [, folder = '', other, imports = ''] of text.matchAll(ROW)) {
    const named = [...imports.matchAll(/`([\w/-]+)`/g)].map(([, path]) => `src/${path}`)
    const allowed = imports === 'all of the above' ? [...layers.keys()] : named
    for (const each of [folder, other]) if (each !== undefined) layers.set(each, allowed)
  }
  return layers
}

const layers = layersOf(page)
const isIn = (folder: string, path: string): boolean =>
  path === `${folder}.ts` || path.startsWith(`${folder}/`)

/** The imports of a file that are neither of its own folder of src nor in the row of its layer. */
function strangersOf(file: string): string[] {
  // The innermost folder counts: a file of src/cli/daemon is not bound by the row of src/cli.
  const [layer = ''] = [...layers.keys()]
    .filter((folder) => isIn(folder, file))
    .sort()
    .reverse()
  const [, own = ''] = file.split('/')
  const allowed = [`src/${own}`, ...(layers.get(layer) ?? [])]
  return [...readFileSync(root + file, 'utf8').matchAll(IMPORT)]
    .map(([, path = '']) => join(dirname(file), path))
    .filter((path) => path.startsWith('src/') && !allowed.some((folder) => isIn(folder, path)))
    .map(
      (path) =>
        `${file} imports ${path}; the row of ${layer} names ${allowed.slice(1).join(', ') || 'nothing'}`,
    )
}

describe('the table of layers in docs/architecture.md', () => {
  const files = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && path.includes('/'))
    .map((path) => `src/${path}`)

  test('has every folder of src', () => {
    const folders = new Set(files.map((path) => path.split('/').slice(0, 2).join('/')))
    expect([...folders].filter((folder) => !layers.has(folder))).toEqual([])
  })

  test('names everything that a layer imports', () => {
    expect(files.flatMap(strangersOf)).toEqual([])
  })
})
