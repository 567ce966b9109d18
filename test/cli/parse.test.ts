import { describe, expect, test } from 'vitest'
import { parseCommand } from '../../src/cli/parse.ts'

describe('a command line', () => {
  test('gives the values of arguments and options by their names', () => {
    const parsed = parseCommand([
      'cluster',
      'list',
      '-n',
      'a:1',
      '--tls-server-name=x',
      '--no-headers',
      '-o',
      'yaml',
    ])
    expect(parsed).toMatchObject({
      action: 'run',
      definition: { words: 'cluster list' },
      values: { namesrv: 'a:1', tlsServerName: 'x', headers: false, output: 'yaml' },
    })
  })

  test.each([
    [['clutser', 'list'], 'unknown command "clutser"; did you mean cluster?'],
    [['pign'], 'unknown command "pign"; did you mean ping?'],
    [['hepl'], 'unknown command "hepl"; did you mean help?'],
    [['help', 'topic', 'nope'], 'unknown command "topic nope"'],
    [['topic', 'route', 'A', ''], 'topic is empty'],
    [['kv', 'set', 'ns', '', 'v'], 'key is empty'],
    [['help', 'pnig'], 'unknown command "pnig"; did you mean ping?'],
    [['cluster', 'lits'], 'unknown command "cluster lits"; did you mean cluster list?'],
    [['cluster', 'frobnicate'], 'unknown command "cluster frobnicate"'],
    [['cluster', '-o', 'json'], 'cluster needs a command: list, show'],
    [['frobnicate'], 'unknown command "frobnicate"'],
    [['constructor'], 'unknown command "constructor"'],
    [[''], 'unknown command ""'],
    [['ping', '--namesvr', 'a'], "unknown option '--namesvr'; did you mean --namesrv?"],
    [['ping', '--frobnicate'], "unknown option '--frobnicate'"],
    [['ping', '-n'], "option '-n, --namesrv <addresses>' argument missing"],
    [['ping', 'x'], 'too many arguments. Expected 0 arguments but got 1.'],
    [['ping', '-o', 'xml'], '--output "xml" is not one of table, wide, json, jsonl, yaml, name'],
    [['check', '--stop', "it's"], '--stop "it\'s" is not one of broker, self'],
    [['completion', 'ksh'], 'shell "ksh" is not one of bash, zsh, fish'],
    [['ping', '-y'], "unknown option '-y'"],
    [['dump', '-o', 'yaml'], '--output "yaml" is not one of json'],
  ])('%j is rejected: %s', (argv, message) => {
    expect(() => parseCommand(argv)).toThrow(expect.objectContaining({ code: 'usage', message }))
  })

  test.each([
    [['help'], /^Usage: mqnamesrv <command> \[options\]/],
    [['help', '--help'], /^Usage: mqnamesrv <command> \[options\]/],
    [['help', 'cluster'], /^Usage: mqnamesrv cluster <command>/],
    [['cluster'], /^Usage: mqnamesrv cluster <command>/],
    [['cluster', '--help'], /^Usage: mqnamesrv cluster <command>/],
    [['help', 'cluster', 'list'], /^Usage: mqnamesrv cluster list \[options\]/],
    [['cluster', 'list', '-h'], /^Usage: mqnamesrv cluster list \[options\]/],
    [['ping', '--frobnicate', '--help'], /^Usage: mqnamesrv ping \[options\]/],
    [['help', 'options'], /^Options of commands that ask NameServers:/],
  ])('%j asks for help', (argv, text) => {
    expect(parseCommand(argv)).toEqual({ action: 'help', text: expect.stringMatching(text) })
  })

  test('does not ask for help behind --', () => {
    expect(() => parseCommand(['ping', '--', '-h'])).toThrow(/^too many arguments/)
  })
})
