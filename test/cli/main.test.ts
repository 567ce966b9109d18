import { describe, expect, test } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { packageVersion } from '../../src/cli/package-version.ts'
import { fakeWorld } from './fake-world.ts'

describe('run', () => {
  test.each([
    ['-v', `mqnamesrv ${packageVersion()}\n`],
    ['-h', 'Usage: mqnamesrv'],
    ['-p', 'rocketmqHome=\nkvConfigPath=/home/user/namesrv/kvConfig.json\n'],
  ])('%s prints on stdout and leaves with 0, and no server starts', async (option, text) => {
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
      'mqnamesrv: there is no home directory for the default of configStorePath, routeSnapshotPath: ' +
        'set each of them, or HOME or user.home\n',
    )
    expect(starting.lines).toEqual([])
  })

  test('-p prints what file, environment and options make together; warnings go to stderr', async () => {
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
      'mqnamesrv: ns.conf:3: unknown key "listenPrt" is kept and has no effect; did you mean listenPort?\n',
    )
  })

  test.each([
    [['--listenPrt', '1'], 2, 'unknown option --listenPrt; did you mean --listenPort? (mqnamesrv -h helps)'],
    [['--listenPort', 'x'], 1, 'option --listenPort: listenPort="x" is not a whole number'],
    [['-c', 'bad.conf'], 1, 'bad.conf:2: orderMessageEnable="yes" is neither true nor false'],
    [['-p', '-c', 'broken.conf'], 1, 'broken.conf:1: malformed \\uXXXX escape'],
    [['-c', 'none.conf'], 1, 'cannot read configuration file none.conf'],
  ])('%j ends with one line on stderr and %d', async (argv, code, message) => {
    const files = { 'bad.conf': '\norderMessageEnable=yes', 'broken.conf': 'a=\\u12' }
    const { world, stdout, stderr, lines } = fakeWorld({ argv, files })
    expect(await run(world)).toBe(code)
    expect(stderr()).toBe(`mqnamesrv: ${message}\n`)
    expect(stdout()).toBe('')
    expect(lines).toEqual([])
  })

  test('several bad values of the configuration are one line each on stderr', async () => {
    const files = { 'bad.conf': 'listenPort=99999\nlogLevel=loud\nenableTopicList=maybe' }
    const { world, stderr, calls } = fakeWorld({ argv: ['-c', 'bad.conf', '--maxTopics=0'], files })
    expect(await run(world)).toBe(1)
    expect(stderr().split('\n')).toEqual([
      'mqnamesrv: bad.conf:1: listenPort="99999" is not within 0 and 65535',
      'mqnamesrv: bad.conf:2: logLevel="loud" is not one of fatal, error, warn, info, debug, trace',
      'mqnamesrv: bad.conf:3: enableTopicList="maybe" is neither true nor false',
      'mqnamesrv: option --maxTopics: maxTopics="0" is not within 1 and 2147483647',
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
    starting.events.emit('SIGTERM')
    expect(await ended).toBe(0)
    expect(starting.lines.filter(({ level }) => level === 'warn')).toEqual([])
  })

  test('a start logs version, file, configuration with its sources, and what is odd about it', async () => {
    const { world, events, lines, stdout } = fakeWorld({
      argv: ['-c', 'ns.conf', '--listenPort', '0'],
      files: {
        'ns.conf': 'orderMessageEnable=true\nfoo=bar\nuseEpollNativeSelector=true\ntls.server.keyPassword=pw',
      },
    })
    const ended = run(world)
    await expect.poll(() => lines.at(-1)?.msg).toMatch(/boot success/)
    events.emit('SIGTERM')
    expect(await ended).toBe(0)

    expect(lines[0]).toMatchObject({ level: 'info', version: packageVersion(), configFile: 'ns.conf' })
    expect(lines[1]).toMatchObject({
      msg: 'configuration in force',
      configuration: {
        listenPort: '0',
        orderMessageEnable: 'true',
        scanNotActiveBrokerInterval: '10000',
        configStorePath: 'ns.conf',
        useEpollNativeSelector: 'true',
        'tls.server.keyPassword': '******',
      },
      sources: {
        listenPort: 'option --listenPort',
        orderMessageEnable: 'ns.conf:1',
        configStorePath: 'ns.conf',
      },
    })
    expect(lines[1]?.['configuration']).not.toHaveProperty('serverSelectorThreads')
    expect(lines.slice(2, 4)).toMatchObject([
      { level: 'warn', keys: ['foo'] },
      { level: 'info', keys: ['useEpollNativeSelector'] },
    ])
    expect(stdout()).toBe('')
    expect(JSON.stringify(lines)).not.toContain('pw')
  })

  test.each([
    [
      { code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port: 9876 },
      'cannot listen on 127.0.0.1:9876: the address is already in use (EADDRINUSE)',
    ],
    [
      { code: 'EACCES', syscall: 'listen', address: '0.0.0.0', port: 80 },
      'cannot listen on 0.0.0.0:80: permission denied (EACCES)',
    ],
    [
      { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'no.such.host' },
      'cannot listen on no.such.host: the host name is unknown (ENOTFOUND)',
    ],
    [
      { code: 'EADDRINUSE', syscall: 'listen', address: '::1', port: 9876 },
      'cannot listen on [::1]:9876: the address is already in use (EADDRINUSE)',
    ],
    [{ code: 'ENXIO', syscall: 'listen', address: '/a' }, 'cannot listen on /a: the message'],
    [{}, 'the message'],
  ])('a server that does not start for %j ends with one line on stderr and 1', async (errno, message) => {
    const start = () => Promise.reject(Object.assign(new Error('the message\n    and more'), errno))
    const { world, stderr, events } = fakeWorld({ controller: { start } })
    expect(await run(world)).toBe(1)
    expect(stderr()).toBe(`mqnamesrv: ${message}\n`)
    expect(events.eventNames()).toEqual([])
  })
})
