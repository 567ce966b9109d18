import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = [
  'README.md',
  'SECURITY.md',
  'scripts/bench/README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** A path from the top of the repository. */
const PATH = /(?<![\w/.-])(?:src|test|scripts|docs|conf|\.ci)\/[\w./-]*\w/g
/** The target of a link to another file. */
const LINK = /\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8')

  test('names only files and folders that exist', () => {
    const missing = [...text.matchAll(PATH)]
      .map(([path]) => path)
      .filter((path) => !existsSync(join(root, path)))
    expect(missing).toEqual([])
  })

  test('links only to files that exist', () => {
    const missing = [...text.matchAll(LINK)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(root, dirname(page), target)))
    expect(missing).toEqual([])
  })
})
