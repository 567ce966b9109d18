import { describe, expect, test } from 'vitest'
import { helpFor, parseCommand } from '../../src/cli/parse.ts'

describe('a command line', () => {
  test('takes several values of an option, separated by commas', () => {
    expect(parseCommand(['events', '--kind', 'ready,not_ready'])).toMatchObject({
      values: { kind: ['ready', 'not_ready'] },
    })
  })

  test('takes names that begin with - behind --', () => {
    expect(parseCommand(['topic', 'route', '--json', '--', '-A'])).toMatchObject({
      values: { topic: ['-A'], json: true },
    })
  })

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
    [['clutser', 'list'], 'unknown command "clutser"; did you mean cluster list?'],
    [['topc', 'rout', 'A'], 'unknown command "topc"; did you mean topic route?'],
    [['topics'], 'unknown command "topics"; did you mean topic?'],
    [['list', 'topics'], 'unknown command "list"; did you mean topic list?'],
    [['misses'], 'unknown command "misses"; did you mean topic misses?'],
    [['wipe-write', 'b'], 'unknown command "wipe-write"; did you mean broker wipe-write?'],
    [['delete', 'x'], 'unknown command "delete"; did you mean topic delete or kv delete?'],
    [
      ['list'],
      'unknown command "list"; did you mean cluster list, broker list, topic list, kv list or conn list?',
    ],
    [['pign'], 'unknown command "pign"; did you mean ping?'],
    [['brokerlist'], 'unknown command "brokerlist"; did you mean broker list?'],
    [['kvget', 'ns', 'k'], 'unknown command "kvget"; did you mean kv get?'],
    [['broker', 'ls'], expect.stringMatching(/^unknown command "broker ls"; broker needs a command: list, /)],
    [['topicRoute', '-t', 'A'], 'unknown command "topicRoute"; did you mean topic route?'],
    [['clusterList'], 'unknown command "clusterList"; did you mean cluster list?'],
    [['wipeWritePerm'], 'unknown command "wipeWritePerm"; did you mean mqadmin wipeWritePerm?'],
    [['updateKvConfg'], 'unknown command "updateKvConfg"; did you mean mqadmin updateKvConfig?'],
    [['hepl'], 'unknown command "hepl"; did you mean help?'],
    [
      ['help', 'topic', 'nope'],
      'unknown command "topic nope"; topic needs a command: list, route, explain, misses, delete',
    ],
    [['topic', 'route', 'A', ''], 'topic is empty'],
    [['kv', 'set', 'ns', '', 'v'], 'key is empty'],
    [['help', 'pnig'], 'unknown command "pnig"; did you mean ping?'],
    [['cluster', 'lits'], 'unknown command "cluster lits"; did you mean cluster list?'],
    [
      ['cluster', 'frobnicate'],
      'unknown command "cluster frobnicate"; cluster needs a command: list, show, snapshot',
    ],
    [['cluster', '-o', 'json'], 'cluster needs a command: list, show, snapshot'],
    [['frobnicate'], 'unknown command "frobnicate"'],
    [['constructor'], 'unknown command "constructor"'],
    [[''], 'unknown command ""'],
    [['ping', '--namesvr', 'a'], 'unknown option --namesvr; did you mean --namesrv?'],
    [['ping', '--frobnicate'], 'unknown option --frobnicate'],
    [['topic', 'route', '-A'], 'unknown option -A; put -- before a name that begins with -'],
    [
      ['topic', 'route', "--don't-know"],
      "unknown option --don't-know; put -- before a name that begins with -",
    ],
    [['topic', 'route'], 'topic is missing'],
    [['kv', 'get', 'ns'], 'key is missing'],
    [['ping', '-n'], 'option --namesrv needs a value'],
    [['ping', 'x', 'y'], 'unexpected argument "x"'],
    [['ping', '-o', 'xml'], '--output "xml" is not one of table, wide, json, jsonl, yaml, name'],
    [['check', '--stop', "it's"], '--stop "it\'s" is not one of broker, self'],
    [['completion', 'ksh'], 'shell "ksh" is not one of bash, zsh, fish'],
    [['events', '--kind', 'broker_los'], '--kind "broker_los" is unknown; did you mean broker_lost?'],
    [['events', '--kind', 'ready,'], '--kind has an empty kind'],
    [['ping', '-y'], 'unknown option -y'],
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
    expect(() => parseCommand(['ping', '--', '-h'])).toThrow('unexpected argument "-h"')
  })
})

test.each([
  [['topic', 'route', '--nope'], 'mqnamesrv help topic route'],
  [['topic', 'nope'], 'mqnamesrv help topic'],
  [['help', 'topic', 'nope'], 'mqnamesrv help topic'],
  [['ping', 'x'], 'mqnamesrv help ping'],
  [['nope'], 'mqnamesrv help'],
  [['constructor'], 'mqnamesrv help'],
])('the help for %j is %s', (argv, help) => {
  expect(helpFor(argv)).toBe(help)
})
