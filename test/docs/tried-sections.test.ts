import { describe, expect, test } from 'vitest'
import { commandsOf, readCommands } from '../../scripts/newcomer/documents.ts'
import { PATHS } from '../../scripts/newcomer/paths.ts'

describe('the documents', () => {
  test.each(PATHS.map((path) => [path.name, path] as const))(
    'have the commands of the path %s, which npm run newcomer tries',
    (name, path) => {
      const commands = commandsOf(path)
      const isInstalled = name === 'deb' || name === 'helm'
      expect(commands(isInstalled ? 'install' : 'start')).toMatch(/mqnamesrv|^docker compose up /)
    },
  )
})

test('a block that a section does not have is named', () => {
  const commands = commandsOf({ page: 'docs/quick-start.md', heading: 'A clone' })
  expect(() => commands('install')).toThrow('docs/quick-start.md, A clone: no block for install')
})

describe('readCommands', () => {
  test('finds blocks of a section by purpose, and passes over blocks that are no commands', () => {
    const page = '# A\n\n## One\n\n```\ntext\n```\n\n```sh start\na\nb\n```\n\n## Two\n\n```sh ask\nc\n```\n'
    expect([...readCommands(page, 'One')]).toEqual([['start', 'a\nb']])
    expect([...readCommands(page, 'Two')]).toEqual([['ask', 'c']])
  })

  test('rejects a heading that is not there', () => {
    expect(() => readCommands('## One more\n', 'One')).toThrow('there is no heading One')
  })

  test('rejects a block without a purpose, or with one that it does not know', () => {
    expect(() => readCommands('## One\n```sh\na\n```\n', 'One')).toThrow('One: a block for ""')
    expect(() => readCommands('## One\n```sh run\na\n```\n', 'One')).toThrow('One: a block for "run"')
  })

  test('rejects two blocks for one purpose', () => {
    const block = '```sh ask\na\n```\n'
    expect(() => readCommands(`## One\n${block}${block}`, 'One')).toThrow('One: two blocks for ask')
  })
})
