import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'scripts/bench/README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** A path from the top of the repository. */
const PATH = /(?<![\w/.-])(?:src|test|scripts|docs|conf|\.ci)\/[\w./-]*\w/g
/** The target of a link within the repository: a file, a heading, or both. */
const LINK = /\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g

/** The names under which the headings of a page can be linked to. */
function anchorsOf(path: string): string[] {
  const headings = [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8')

  test('names only files and folders that exist', () => {
    const missing = [...text.matchAll(PATH)]
      .map(([path]) => path)
      .filter((path) => !existsSync(join(root, path)))
    expect(missing).toEqual([])
  })

  test('links only to files and headings that exist', () => {
    const missing = [...text.matchAll(LINK)].filter(([, target = '', anchor]) => {
      const path = target === '' ? join(root, page) : join(root, dirname(page), target)
      return !existsSync(path) || (anchor !== undefined && !anchorsOf(path).includes(anchor))
    })
    expect(missing.map(([link]) => link)).toEqual([])
  })
})
