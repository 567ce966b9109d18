import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CLI_PAGE, MAN_PAGE, manPage, version, withCommands } from '../../scripts/docs/command-pages.ts'
import { COMMANDS } from '../../src/cli/grammar/commands.ts'

test('docs/cli.md has every command; `npx tsx scripts/docs/command-pages.ts` updates it', () => {
  const page = readFileSync(CLI_PAGE, 'utf8')
  expect(page).toBe(withCommands(page))
  for (const { words } of COMMANDS) expect(page).toContain(`\n### ${words}\n`)
})

test('docs/mqnamesrv.1 is what `npx tsx scripts/docs/command-pages.ts` writes', () => {
  expect(readFileSync(MAN_PAGE, 'utf8')).toBe(manPage(version()))
})

test('the man page has only requests that it means, and ASCII characters', () => {
  const lines = manPage('1.2.3').split('\n')
  const requests = lines.flatMap((line) => /^[.'](\\"|\w*)/.exec(line)?.[1] ?? [])
  expect([...new Set(requests)].sort()).toEqual(['B', 'PP', 'SH', 'SS', 'TH', 'TP', '\\"', 'br', 'fi', 'nf'])
  expect(lines.filter((line) => /[^\x20-\x7e]/.test(line))).toEqual([])
})
