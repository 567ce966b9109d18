import { describe, expect, test } from 'vitest'
import { COMMANDS, NOUNS } from '../../src/cli/grammar/commands.ts'
import { optionsOf } from '../../src/cli/grammar/definition.ts'
import { commandHelp, nounHelp, optionsHelp, programHelp } from '../../src/cli/help.ts'
import { parseCommand } from '../../src/cli/parse.ts'
import { EVENT_KINDS } from '../../src/stats/recent-events.ts'

const SCREEN = { columns: 80, lines: 24 }

function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length))
}

describe.each(COMMANDS)('$words', (definition) => {
  test('has a help that fits a screen', () => {
    const text = commandHelp(definition)
    expect(widest(text)).toBeLessThanOrEqual(SCREEN.columns)
    // That of events lists all their kinds.
    const extra = definition.words === 'events' ? 2 : 0
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(SCREEN.lines + extra)
  })

  test('has a summary of one line that is no sentence', () => {
    expect(definition.summary).toMatch(/^\p{Lu}.{9,54}[^.]$/u)
  })

  test('has a help that names the values of its options', () => {
    const text = commandHelp(definition) + optionsHelp()
    // Those of watch are the same as those of events.
    for (const { choices = [] } of optionsOf(definition))
      if (choices !== EVENT_KINDS || definition.words !== 'watch')
        for (const choice of choices) expect(text).toMatch(new RegExp(`\\b${choice}\\b`))
  })

  test('has examples that are valid command lines of its own', () => {
    expect(definition.examples.length).toBeGreaterThan(0)
    for (const { line } of definition.examples) {
      const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '')
      const end = words.findIndex((word) => /^(?:[|<>;]|&&)/.test(word))
      expect(parseCommand(end < 0 ? words : words.slice(0, end))).toMatchObject({
        action: 'run',
        definition: { words: definition.words },
      })
    }
  })

  test('has its own module with a function run', async () => {
    expect((await definition.load()).run).toEqual(expect.any(Function))
  })

  test('has no two options of the same name', () => {
    const names = optionsOf(definition).flatMap(({ flags }) => flags.match(/(?<!\w)--?\w[\w-]*/g) ?? [])
    expect(names).toEqual([...new Set(names)])
  })
})

test('the help of the program names every command, and fits a screen', () => {
  const text = programHelp()
  for (const { words } of COMMANDS)
    expect(text).toMatch(new RegExp(`^ +${words.replace(' ', ' .*')}\\b`, 'm'))
  expect(widest(text)).toBeLessThanOrEqual(SCREEN.columns)
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(SCREEN.lines)
})

test.each(Object.keys(NOUNS))('the help of %s names its commands', (noun) => {
  const own = COMMANDS.filter(({ words }) => words.startsWith(`${noun} `))
  expect(own).not.toEqual([])
  const text = nounHelp(noun)
  for (const { words } of own) expect(text).toMatch(new RegExp(`^ +${words} `, 'm'))
  expect(widest(text)).toBeLessThanOrEqual(SCREEN.columns)
})

test('every command of two words has a noun that is explained', () => {
  const nouns = COMMANDS.map(({ words }) => words.split(' ')).filter(({ length }) => length === 2)
  for (const [noun = ''] of nouns) expect(Object.keys(NOUNS)).toContain(noun)
})

test('only commands that change something, or replace a file, have -y', () => {
  const withYes = COMMANDS.filter((command) => optionsOf(command).some(({ flags }) => flags.startsWith('-y')))
  expect(withYes.map(({ words }) => words)).toEqual([
    ...['dump', 'cluster snapshot', 'broker wipe-write', 'broker restore-write', 'topic delete'],
    ...['kv set', 'kv delete', 'config set', 'conn kick'],
  ])
})

test('a command whose output has a form of its own has no options for the form', () => {
  expect(parseCommand(['help', 'dump'])).toEqual({
    action: 'help',
    text: expect.stringMatching(
      /^Usage: mqnamesrv dump \[file\] \[options\]\n.* -n --timeout (?!.* --no-headers )/s,
    ),
  })
})

test('the help of the options has all common options', () => {
  const text = optionsHelp()
  for (const flag of [
    '--namesrv',
    '--timeout',
    '--tls-ca',
    '--secret-key-file',
    '--yes',
    '--output',
    '--color',
  ])
    expect(text).toContain(flag)
  expect(widest(text)).toBeLessThanOrEqual(SCREEN.columns)
})
