import { describe, expect, test } from 'vitest'
import { commandsOf, PATHS } from '../../scripts/newcomer/paths.ts'
import { readQuickStart } from '../../scripts/newcomer/quick-start.ts'

describe('docs/quick-start.md', () => {
  test.each(PATHS.map((path) => [path.name, path] as const))(
    'has the commands of the path %s, which npm run newcomer tries',
    (_name, path) => {
      const commands = commandsOf(path)
      expect(commands('ask')).toMatch(/mqnamesrv (?:status|ping)/)
      expect(() => commands(path.name === 'deb' ? 'start' : 'install')).toThrow(
        `docs/quick-start.md, ${path.heading}: no block for`,
      )
    },
  )
})

describe('readQuickStart', () => {
  test('finds blocks by heading and purpose, and passes over blocks that are no commands', () => {
    const page = '# A\n\n## One\n\n```\ntext\n```\n\n```sh start\na\nb\n```\n\n## Two\n\n```sh ask\nc\n```\n'
    expect([...readQuickStart(page)]).toEqual([
      ['One', { start: 'a\nb\n' }],
      ['Two', { ask: 'c\n' }],
    ])
  })

  test('rejects a block without a purpose, or with one that it does not know', () => {
    expect(() => readQuickStart('## One\n```sh\na\n```\n')).toThrow('One: a block for ""')
    expect(() => readQuickStart('## One\n```sh run\na\n```\n')).toThrow('One: a block for "run"')
  })

  test('rejects two blocks for one purpose', () => {
    const block = '```sh ask\na\n```\n'
    expect(() => readQuickStart(`## One\n${block}${block}`)).toThrow('One: two blocks for ask')
  })
})
