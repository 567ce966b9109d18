import { describe, expect, test } from 'vitest'
import { parseCommandLine, UsageError } from '../../../src/cli/daemon/command-line.ts'

const start = { action: 'start', configFile: undefined, keys: [] }

describe('parseCommandLine', () => {
  test.each([
    ['-c', 'ns.conf'],
    ['-c=ns.conf'],
    ['-cns.conf'],
    ['--configFile', 'ns.conf'],
    ['--configFile=ns.conf'],
    ['-configFile', 'ns.conf'],
    ['-configFile=ns.conf'],
  ])('the configuration file is named by %s %s', (...argv) => {
    expect(parseCommandLine(argv, '1.2.3')).toEqual({ ...start, configFile: 'ns.conf' })
  })

  test.each([
    [['--listenPort', '9999'], '9999'],
    [['--listenPort=9999'], '9999'],
    [['--listenPort=a=b '], 'a=b '],
    [['--listenPort='], ''],
    [['--listenPort', '-1'], '-1'],
    [['--listenPort', ''], ''],
  ])('a key is taken from %j', (argv, value) => {
    expect(parseCommandLine(argv, '1.2.3')).toEqual({ ...start, keys: [{ key: 'listenPort', value }] })
  })

  test('keys keep their order, among themselves and beside other options', () => {
    const argv = [
      '--logLevel',
      'warn',
      '-p',
      '--tls.server.mode=disabled',
      '-n',
      '10.0.0.1:9876',
      '--logLevel',
      'info',
    ]
    expect(parseCommandLine(argv, '1.2.3')).toEqual({
      action: 'print',
      configFile: undefined,
      keys: [
        { key: 'logLevel', value: 'warn' },
        { key: 'tls.server.mode', value: 'disabled' },
        { key: 'logLevel', value: 'info' },
      ],
    })
  })

  test.each([[['-n', '10.0.0.1:9876;10.0.0.2:9876']], [['--namesrvAddr=10.0.0.1:9876']]])(
    'the NameServer addresses of %j are accepted and ignored',
    (argv) => {
      expect(parseCommandLine(argv, '1.2.3')).toEqual(start)
    },
  )

  test('the help of the server points to the commands', () => {
    const text = expect.stringContaining('mqnamesrv help lists them')
    expect(parseCommandLine(['-h'], '1.2.3')).toEqual({ action: 'show', text })
  })

  test('without arguments the server starts', () => {
    expect(parseCommandLine([], '1.2.3')).toEqual(start)
  })

  test.each(['-v', '--version', '-version'])('%s shows name and version', (option) => {
    expect(parseCommandLine([option], '1.2.3')).toEqual({ action: 'show', text: 'mqnamesrv 1.2.3\n' })
  })

  test.each(['-h', '--help', '-help'])('%s shows the options and what explains the keys', (option) => {
    const shown = parseCommandLine([option], '1.2.3')
    const text = shown.action === 'show' ? shown.text : ''
    for (const part of ['-c, --configFile', '-p, --printConfigItem', '-n, --namesrvAddr', 'mqnamesrv init']) {
      expect(text).toContain(part)
    }
    expect(text).not.toContain('serverSelectorThreads')
  })

  test.each([
    [
      ['--listenPrt', '1'],
      'ERR_USAGE_UNKNOWN_OPTION',
      'unknown option --listenPrt; did you mean --listenPort?',
    ],
    [['--listenPrt=1'], 'ERR_USAGE_UNKNOWN_OPTION', 'unknown option --listenPrt; did you mean --listenPort?'],
    [
      ['--configFle', 'x'],
      'ERR_USAGE_UNKNOWN_OPTION',
      'unknown option --configFle; did you mean --configFile?',
    ],
    [['-x'], 'ERR_USAGE_UNKNOWN_OPTION', 'unknown option -x'],
    [
      ['-listenPort', '1'],
      'ERR_USAGE_UNKNOWN_OPTION',
      'unknown option -listenPort; did you mean --listenPort?',
    ],
    [['--'], 'ERR_USAGE_UNKNOWN_OPTION', 'unknown option --'],
    [['--__proto__', '1'], 'ERR_USAGE_UNKNOWN_OPTION', 'unknown option --__proto__'],
    [['-c'], 'ERR_USAGE_MISSING_VALUE', 'option -c needs a value'],
    [['-c', '--listenPort', '1'], 'ERR_USAGE_MISSING_VALUE', 'option -c needs a value'],
    [['--listenPort'], 'ERR_USAGE_MISSING_VALUE', 'option --listenPort needs a value'],
    [['--listenPort', '-p'], 'ERR_USAGE_MISSING_VALUE', 'option --listenPort needs a value'],
    [['-p=yes'], 'ERR_USAGE_WORD', 'option -p takes no value'],
    [['ns.conf'], 'ERR_USAGE_WORD', 'unexpected argument "ns.conf"'],
    // Read as -c and the file onfgFile, as Java does, so that only the next word can be wrong.
    [
      ['-confgFile', 'ns.conf'],
      'ERR_USAGE_WORD',
      'unexpected argument "ns.conf"; did you mean --configFile?',
    ],
    [['-p', 'ns.conf'], 'ERR_USAGE_WORD', 'unexpected argument "ns.conf"'],
    [
      ['-n', 'a:9876', 'cluster', 'list', '-o', 'json'],
      'ERR_USAGE_WORD',
      'the options of a command follow it: mqnamesrv cluster list [options]',
    ],
    [['--json', 'ping'], 'ERR_USAGE_WORD', 'the options of a command follow it: mqnamesrv ping [options]'],
  ])('%j is rejected', (argv, code, message) => {
    const parse = () => parseCommandLine(argv, '1.2.3')
    expect(parse).toThrow(UsageError)
    expect(parse).toThrow(expect.objectContaining({ code, message }))
  })
})
