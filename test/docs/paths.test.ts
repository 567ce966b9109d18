import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PAGES, root, textOf } from '../../scripts/support/markdown-pages.ts'

/** A path from the top of the repository. */
const PATH = /(?<![\w/.-])(?:src|test|scripts|docs|conf|deploy|\.ci|\.github)\/[\w./-]*\w/g
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

describe.each(PAGES)('%s', (page) => {
  const text = textOf(page)

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
