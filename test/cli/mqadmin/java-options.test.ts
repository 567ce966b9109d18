import { describe, expect, test } from 'vitest'
import { checkJavaOptions, type JavaOption, parseJavaOptions } from '../../../src/cli/mqadmin/java-options.ts'

const OPTIONS: readonly JavaOption[] = [
  { letter: 't', name: 'topic', text: '', hasValue: true, isRequired: true },
  { letter: 'l', name: 'list', text: '', hasValue: false },
  { letter: 'm', name: 'method', text: '', hasValue: true, choices: ['put', 'get'] },
  { letter: 'n', name: 'namesrvAddr', text: '', hasValue: true },
  { letter: 's', name: 'namespace', text: '', hasValue: true },
  { name: 'tls', text: '', hasValue: false },
  { name: 'timeout', text: '', hasValue: true },
]
const parse = (line: string) => Object.fromEntries(parseJavaOptions(line.split(' '), OPTIONS))
const usage = (message: string) => expect.objectContaining({ code: 'usage', message })

describe('options of mqadmin', () => {
  // Each was tried with Commons CLI 1.5.0.
  test.each([
    ['-t T', { topic: 'T' }],
    ['-tT', { topic: 'T' }],
    ['-t=T', { topic: 'T' }],
    ['-t a=b', { topic: 'a=b' }],
    ['-topic T', { topic: 'T' }],
    ['--topic T', { topic: 'T' }],
    ['--topic=T', { topic: 'T' }],
    ['--to T', { topic: 'T' }],
    ['-l -t T', { list: '', topic: 'T' }],
    ['-lt T', { list: '', topic: 'T' }],
    ['-ltT', { list: '', topic: 'T' }],
    ['-t "T"', { topic: 'T' }],
    ['-t a"b"', { topic: 'a"b"' }],
    ['-t -1', { topic: '-1' }],
    ['-t -X', { topic: '-X' }],
    ['-t -', { topic: '-' }],
    ['-t T -t U', { topic: 'T' }],
    ['stray -t T more', { topic: 'T' }],
    ['-t T -- -l', { topic: 'T' }],
    ['--tls --timeout 3s', { tls: '', timeout: '3s' }],
  ])('%s', (line, expected) => {
    expect(parse(line)).toEqual(expected)
  })

  test.each([
    ['-x', 'unknown option "-x"'],
    ['-lt=T', 'unknown option "-lt=T"'],
    ['-lx', 'unknown option "-lx"'],
    ['--topik T', 'unknown option "--topik"; did you mean --topic?'],
    ['--t', '-t needs a value'],
    ['-t', '-t needs a value'],
    ['-t -l', '-t needs a value'],
    ['-t --list', '-t needs a value'],
    ['-t -- T', '-t needs a value'],
    ['--timeout', '--timeout needs a value'],
    ['--list=yes', '-l takes no value'],
    ['--names x', '--names may be any of --namesrvAddr, --namespace'],
  ])('%s is rejected', (line, message) => {
    expect(() => parse(line)).toThrow(usage(message))
  })

  test('that are required, or have only certain values, are checked', () => {
    const check = (line: string) => () =>
      checkJavaOptions(parseJavaOptions(line.split(' '), OPTIONS), OPTIONS)
    expect(check('-l')).toThrow(usage('missing: -t'))
    expect(check('-t T -m pout')).toThrow(usage('-m "pout" is not one of put, get'))
    expect(check('-t T -m put')).not.toThrow()
    expect(check('-t T')).not.toThrow()
  })
})
