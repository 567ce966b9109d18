import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A code in a source file. What is only compared with is Node's own. */
const RAISED = /(?<![=!]== )'(ERR_[A-Z0-9_]+)'/g

function codesOf(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, code = '']) => code)
}

test('docs/errors.md describes every error code of the source, and no other', () => {
  const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(`${root}src/${name}`, 'utf8'))
  const raised = new Set(sources.flatMap((text) => codesOf(text, RAISED)))
  const described = new Set(
    codesOf(readFileSync(`${root}docs/errors.md`, 'utf8'), /^\| `(ERR_[A-Z0-9_]+)` \|/gm),
  )
  expect([...described].sort()).toEqual([...raised].sort())
})
