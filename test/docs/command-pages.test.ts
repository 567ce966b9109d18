import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { manPage } from '../../scripts/docs/command-pages.ts'
import { COMMANDS } from '../../src/cli/grammar/commands.ts'

test('docs/cli.md has a section of each command', () => {
  const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
  for (const { words } of COMMANDS) expect(page).toContain(`\n### ${words}\n`)
})

test('the man page has only requests that it means, and ASCII characters', () => {
  const lines = manPage('1.2.3').split('\n')
  const requests = lines.flatMap((line) => /^[.'](\\"|\w*)/.exec(line)?.[1] ?? [])
  expect([...new Set(requests)].sort()).toEqual(['B', 'PP', 'SH', 'SS', 'TH', 'TP', '\\"', 'br', 'fi', 'nf'])
  expect(lines.filter((line) => /[^\x20-\x7e]/.test(line))).toEqual([])
})
