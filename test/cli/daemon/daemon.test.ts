import { describe, expect, test } from 'vitest'
import { run } from '../../../src/cli/daemon/daemon.ts'
import type { Configuration } from '../../../src/namesrv/config/configuration.ts'
import { packageVersion } from '../../../src/namesrv/package-version.ts'
import { recordingLogger } from '../../support/recording-logger.ts'
import { fakeWorld } from './fake-world.ts'

describe('run', () => {
  test.each([
    ['-v', `mqnamesrv ${packageVersion()}\n`],
    ['-h', 'Usage: mqnamesrv'],
    ['-p', 'rocketmqHome=\nkvConfigPath=/home/user/namesrv/kvConfig.json\n'],
  ])('%s prints on stdout and exits with 0, and no server starts', async (option, text) => {
    const { world, stdout, stderr, calls } = fakeWorld({ argv: [option] })
    expect(await run(world)).toBe(0)
    expect(stdout()).toContain(text)
    expect(stderr()).toBe('')
    expect(calls).toEqual([])
  })

  test('without a home directory, -p prints no value for the keys that need one, and a start names them', async () => {
    const asking = fakeWorld({ argv: ['-p'] })
    expect(await run({ ...asking.world, homeDirectory: undefined })).toBe(0)
    expect(asking.stdout()).toContain('\nkvConfigPath=\n')
    const starting = fakeWorld({ argv: ['--kvConfigPath=kv.json'] })
    expect(await run({ ...starting.world, homeDirectory: undefined })).toBe(1)
    expect(starting.stderr()).toBe(
      'mqnamesrv: no home directory for the defaults of configStorePath, routeSnapshotPath: ' +
        'set these keys, or HOME or user.home\n',
    )
    expect(starting.lines).toMatchObject([{ level: 'error', exitCode: 1, msg: 'start failed' }])
  })

  test('-p prints the result of file, environment and options, and warnings on stderr', async () => {
    const { world, stdout, stderr } = fakeWorld({
      argv: ['-p', '-c', 'ns.conf', '--waitSecondsForService=3'],
      env: { MQNAMESRV_WAIT_SECONDS_FOR_SERVICE: '2', ROCKETMQ_HOME: '/opt' },
      files: { 'ns.conf': 'waitSecondsForService=1\nlistenPort=1\nlistenPrt=2\nserverSelectorThreads=9' },
    })
    expect(await run(world)).toBe(0)
    for (const line of [
      'rocketmqHome=/opt',
      'configStorePath=ns.conf',
      'listenPort=1',
      'waitSecondsForService=3',
    ]) {
      expect(stdout().split('\n')).toContain(line)
    }
    expect(stderr()).toBe(
      'mqnamesrv: ns.conf:3: unknown key has no effect: key="listenPrt"; did you mean listenPort?\n',
    )
  })

  test.each([
    [['--listenPort', 'x'], 1, 'option --listenPort: listenPort="x" must be a whole number'],
    [['-c', 'bad.conf'], 1, 'bad.conf:2: orderMessageEnable="yes" must be true or false'],
    [['-c', 'broken.conf'], 1, 'broken.conf:1: malformed \\uXXXX escape (it needs four hex digits)'],
    [['-c', 'none.conf'], 1, 'cannot read configuration file none.conf'],
  ])('%j ends with one line on stderr, one log line, and exit code %d', async (argv, code, message) => {
    const files = { 'bad.conf': '\norderMessageEnable=yes', 'broken.conf': 'a=\\u12' }
    const { world, stdout, stderr, lines } = fakeWorld({ argv, files })
    expect(await run(world)).toBe(code)
    expect(stderr()).toBe(`mqnamesrv: ${message}\n`)
    expect(stdout()).toBe('')
    expect(lines).toEqual([{ level: 'error', msg: 'start failed', error: message, exitCode: code }])
  })

  test('an invalid command line ends with one line on stderr and no log line', async () => {
    const { world, stdout, stderr, lines } = fakeWorld({ argv: ['--listenPrt', '1'] })
    expect(await run(world)).toBe(2)
    expect(stderr()).toBe(
      'mqnamesrv: unknown option --listenPrt; did you mean --listenPort? (try mqnamesrv -h)\n',
    )
    expect(stdout()).toBe('')
    expect(lines).toEqual([])
  })

  test.each([
    ['listenPort=99999', '/var/log/ns.log'],
    ['logLevel=loud', '/var/log/ns.log'],
    ['a=\\u12', ''],
    ['logFormat=loud', '/var/log/ns.log'],
  ])('the failed start of a file with %s and a logPath is logged in the log file %j', async (bad, path) => {
    const { world } = fakeWorld({ argv: ['-c', 'f'], files: { f: `logPath=/var/log/ns.log\n${bad}` } })
    const paths: string[] = []
    const openLog = (configuration: Configuration) => {
      paths.push(configuration.values.logPath)
      return world.openLog(configuration)
    }
    expect(await run({ ...world, openLog })).toBe(1)
    expect(paths).toEqual([path])
  })

  test('a failed start is logged at every logLevel', async () => {
    const { world } = fakeWorld({ argv: ['--logLevel', 'fatal', '--listenPort', 'x'] })
    const { logger, lines } = recordingLogger()
    logger.level = 'fatal'
    expect(await run({ ...world, openLog: async () => ({ logger, reopen: () => {} }) })).toBe(1)
    expect(lines).toMatchObject([{ level: 'error', msg: 'start failed' }])
  })

  test('a logger that cannot be created is only a line on stderr', async () => {
    const { world, stderr } = fakeWorld({})
    const openLog = () => Promise.reject(new Error('no logger'))
    expect(await run({ ...world, openLog })).toBe(1)
    expect(stderr()).toBe('mqnamesrv: no logger\n')
  })

  test('-p of a file that cannot be read writes no log line', async () => {
    const { world, stderr, lines } = fakeWorld({
      argv: ['-p', '-c', 'broken.conf'],
      files: { 'broken.conf': 'a=\\u12' },
    })
    expect(await run(world)).toBe(1)
    expect(stderr()).toBe('mqnamesrv: broken.conf:1: malformed \\uXXXX escape (it needs four hex digits)\n')
    expect(lines).toEqual([])
  })

  test('several bad values of the configuration are one line each on stderr', async () => {
    const files = { 'bad.conf': 'listenPort=99999\nlogLevel=loud\nenableTopicList=maybe' }
    const { world, stderr, calls } = fakeWorld({ argv: ['-c', 'bad.conf', '--maxTopics=0'], files })
    expect(await run(world)).toBe(1)
    expect(stderr().split('\n')).toEqual([
      'mqnamesrv: bad.conf:1: listenPort="99999" must be from 0 to 65535',
      'mqnamesrv: bad.conf:2: logLevel="loud" must be one of fatal, error, warn, info, debug, trace',
      'mqnamesrv: bad.conf:3: enableTopicList="maybe" must be true or false',
      'mqnamesrv: option --maxTopics: maxTopics="0" must be from 1 to 2147483647',
      '',
    ])
    expect(calls).toEqual([])
  })

  test('what -p prints is a file that starts a server with the same values', async () => {
    const printing = fakeWorld({
      argv: ['-p', '--productEnvName', 'a\\b', '--shutdownWaitTimeSeconds=99999999999'],
    })
    expect(await run(printing.world)).toBe(0)
    const again = fakeWorld({ argv: ['-p', '-c', 'f'], files: { f: printing.stdout() } })
    expect(await run(again.world)).toBe(0)
    expect(again.stderr()).toBe('')
    const places = /^configStorePath=.*$/m
    expect(again.stdout().replace(places, '')).toBe(printing.stdout().replace(places, ''))
    expect(again.stdout()).toContain('\nproductEnvName=a\\\\b\n')
    expect(again.stdout()).toContain('\nshutdownWaitTimeSeconds=600\n')
    const starting = fakeWorld({ argv: ['-c', 'f'], files: { f: printing.stdout() } })
    const ended = run(starting.world)
    await expect.poll(() => starting.calls).toEqual(['start'])
    starting.events.emit('SIGTERM', 'SIGTERM')
    expect(await ended).toBe(0)
    expect(starting.lines.filter(({ level }) => level === 'warn')).toEqual([])
  })

  test.each([
    ['auto', 0],
    ['pretty', 0],
    ['json', 1],
  ])(
    'on a terminal a failed start with logFormat=%s leaves %d lines beside the one on stderr',
    async (logFormat, count) => {
      const { world, lines } = fakeWorld({ argv: ['--logFormat', logFormat, '--listenPort', 'x'] })
      const stdout = { ...world.stdout, isTTY: true }
      expect(await run({ ...world, stdout })).toBe(1)
      expect(lines).toHaveLength(count)
    },
  )

  test('on a terminal a start shows in five lines where it listens, its file, the page, what a broker sets, and the log', async () => {
    const { world, events, lines, stdout } = fakeWorld({
      argv: ['-c', 'ns.conf'],
      files: { 'ns.conf': 'orderMessageEnable=true\nlistenPrt=1' },
      controller: { start: async () => ({ address: '0.0.0.0', port: 9876, httpPort: 8876 }) },
    })
    const ended = run({ ...world, stdout: { ...world.stdout, isTTY: true } })
    await expect.poll(() => stdout()).not.toBe('')
    expect(stdout().split('\n')).toEqual([
      '  file     ns.conf; set: orderMessageEnable',
      '  page     http://127.0.0.1:8876/',
      '  brokers  set namesrvAddr=127.0.0.1:9876 in broker.conf (brokers on this machine only)',
      '  log      this terminal; --logPath FILE writes it to a file',
      '',
    ])
    // Warnings are shown all the same, and everything from the start on.
    expect(lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      'warn unknown key has no effect',
      expect.stringMatching(/^info The Name Server boot success/),
    ])
    events.emit('SIGTERM', 'SIGTERM')
    expect(await ended).toBe(0)
    expect(lines.at(-1)).toMatchObject({ level: 'info', msg: 'shutdown complete' })
  })

  test.each([['--logFormat=pretty'], ['--logFormat=json'], ['--logLevel=debug']])(
    'on a terminal a start with %s logs all lines and shows no summary',
    async (option) => {
      const { world, events, lines, stdout } = fakeWorld({ argv: [option] })
      const ended = run({ ...world, stdout: { ...world.stdout, isTTY: true } })
      await expect.poll(() => lines.at(-1)?.msg).toMatch(/boot success/)
      expect(lines[0]?.msg).toBe('mqnamesrv starting')
      events.emit('SIGTERM', 'SIGTERM')
      expect(await ended).toBe(0)
      expect(stdout()).toBe('')
    },
  )

  test('a start logs in five lines its file, its state files, what differs from the defaults, and where it listens', async () => {
    const { world, events, lines } = fakeWorld({
      argv: ['-c', 'ns.conf', '--listenPort', '9877'],
      files: { 'ns.conf': 'orderMessageEnable=true\nserializeType=JSON\ntls.server.keyPassword=pw' },
    })
    const ended = run(world)
    await expect.poll(() => lines.at(-1)?.msg).toMatch(/boot success/)
    events.emit('SIGTERM', 'SIGTERM')
    expect(await ended).toBe(0)

    const start = lines.slice(0, lines.findIndex(({ msg }) => msg.includes('boot success')) + 1)
    expect(start).toEqual([
      {
        level: 'info',
        msg: 'mqnamesrv starting',
        version: packageVersion(),
        node: process.version,
        configFile: 'ns.conf',
      },
      {
        level: 'info',
        msg: 'state files',
        kvConfigPath: '/home/user/namesrv/kvConfig.json',
        configStorePath: 'ns.conf',
        routeSnapshotPath: '/home/user/namesrv/routes-9877.snapshot',
      },
      {
        level: 'info',
        msg: 'keys that differ from their defaults',
        keys: {
          listenPort: '9877 (option --listenPort)',
          orderMessageEnable: 'true (ns.conf:1)',
          'tls.server.keyPassword': '****** (ns.conf:3)',
        },
      },
      {
        level: 'info',
        address: '0.0.0.0',
        port: 9877,
        msg: 'The Name Server boot success. serializeType=JSON, address 0.0.0.0:9877',
      },
    ])
  })

  test.each([
    ['::1', [], 'serializeType=JSON, address [::1]:40000'],
    ['127.0.0.1', ['--serializeType=ROCKETMQ'], 'serializeType=ROCKETMQ, address 127.0.0.1:40000'],
  ])('a start logs in the words of Java that it listens on %s, with %j', async (address, options, words) => {
    const { world, lines } = fakeWorld({
      argv: [...options],
      controller: { start: async () => ({ address, port: 40_000 }) },
      earlySignals: ['SIGTERM'],
    })
    expect(await run(world)).toBe(0)
    expect(lines.map(({ msg }) => msg)).toContain(`The Name Server boot success. ${words}`)
  })

  test('a start logs the file of -c even if configStorePath is set elsewhere', async () => {
    const { world, lines } = fakeWorld({
      argv: ['-c', 'ns.conf', '--configStorePath', '/updates.conf'],
      files: { 'ns.conf': '' },
      earlySignals: ['SIGTERM'],
    })
    expect(await run(world)).toBe(0)
    expect(lines[0]).toMatchObject({ configFile: 'ns.conf' })
    expect(lines[1]).toMatchObject({ configStorePath: '/updates.conf' })
  })

  test('a start without settings logs that no file was read and that all keys have their defaults', async () => {
    const { world, lines } = fakeWorld({ earlySignals: ['SIGTERM'] })
    expect(await run(world)).toBe(0)
    expect(lines[0]).toMatchObject({ configFile: 'none' })
    expect(lines[2]).toEqual({ level: 'info', msg: 'all keys have their defaults' })
  })

  test('a start logs what is odd about its configuration, and the whole of it at debug, secrets hidden', async () => {
    const { world } = fakeWorld({
      argv: ['-c', 'ns.conf', '--listenPort', '0'],
      files: { 'ns.conf': 'foo=bar\nuseEpollNativeSelector=true\ntls.server.keyPassword=pw' },
      earlySignals: ['SIGTERM'],
    })
    const { logger, lines } = recordingLogger()
    expect(await run({ ...world, openLog: async () => ({ logger, reopen: () => {} }) })).toBe(0)
    const [whole, ...rest] = lines.filter(({ level }) => level === 'debug')
    expect(rest).toEqual([])
    expect(whole).toMatchObject({
      msg: 'configuration in effect',
      configuration: {
        listenPort: '0',
        scanNotActiveBrokerInterval: '10000',
        configStorePath: 'ns.conf',
        useEpollNativeSelector: 'true',
        'tls.server.keyPassword': '******',
      },
    })
    expect(whole?.['configuration']).not.toHaveProperty('serverSelectorThreads')
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', key: 'foo' }))
    expect(lines).toContainEqual(expect.objectContaining({ level: 'info', keys: ['useEpollNativeSelector'] }))
    expect(JSON.stringify(lines)).not.toContain('pw')
  })

  test.each([
    [
      { code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port: 9876 },
      'cannot listen on 127.0.0.1:9876: address already in use (EADDRINUSE)',
    ],
    [
      { code: 'EACCES', syscall: 'listen', address: '0.0.0.0', port: 80 },
      'cannot listen on 0.0.0.0:80: permission denied (EACCES)',
    ],
    [
      { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'no.such.host' },
      'cannot listen on no.such.host: unknown host name (ENOTFOUND)',
    ],
    [
      { code: 'EADDRINUSE', syscall: 'listen', address: '::1', port: 9876 },
      'cannot listen on [::1]:9876: address already in use (EADDRINUSE)',
    ],
    [{ code: 'EIO', syscall: 'listen', address: '/a' }, 'cannot listen on /a: the message'],
    [{}, 'the message'],
  ])(
    'a start that fails with %j ends with one line on stderr, one log line, and exit code 1',
    async (errno, message) => {
      const start = () => Promise.reject(Object.assign(new Error('the message\n    and more'), errno))
      const { world, stderr, events, lines } = fakeWorld({ controller: { start } })
      expect(await run(world)).toBe(1)
      expect(stderr()).toBe(`mqnamesrv: ${message}\n`)
      expect(lines.at(-1)).toEqual({ level: 'error', msg: 'start failed', error: message, exitCode: 1 })
      expect(events.eventNames()).toEqual([])
    },
  )
})
