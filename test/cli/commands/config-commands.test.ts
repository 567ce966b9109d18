import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../../scripts/support/ports.ts'
import { certificateAuthority, writeIdentity } from '../../support/certificates.ts'
import { checkout, runCommand } from '../../support/command.ts'
import { startServer, temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startScripted } from '../scripted-name-server.ts'
import { NO_PERMISSION, startWithoutViews } from '../without-views.ts'

async function addressOf(properties: Readonly<Record<string, string>> = {}): Promise<string> {
  return `127.0.0.1:${(await startServer(properties)).port}`
}

function fileWith(...lines: readonly string[]): string {
  const path = join(temporaryFolder(), 'namesrv.properties')
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
  return path
}

describe('config get', () => {
  test('shows values with their sources, and more columns in wide', async () => {
    const address = await addressOf({ maxTopics: '77' })
    const get = ['config', 'get', 'maxTopics', 'orderMessageEnable', '-n', address]
    expect((await runCli(get)).stdout).toBe(
      'KEY                 VALUE  SOURCE\norderMessageEnable  false  default\nmaxTopics           77     option\n',
    )
    expect((await runCli([...get, '-o', 'wide'])).stdout).toMatch(
      /^maxTopics +77 +option +option --maxTopics +1000000 +- +restart$/m,
    )
  })

  test('ends with 1 for a key that does not exist, and names the nearest one', async () => {
    const address = await addressOf()
    const wrong = await runCli(['config', 'get', 'maxTopic', '-n', address])
    expect(wrong).toEqual({
      code: 1,
      stdout: '',
      stderr: `mqnamesrv: no key "maxTopic" on ${address}; did you mean maxTopics?\n`,
    })
    const half = await runCli(['config', 'get', 'maxTopics', 'x-y-z', '-n', address, '-o', 'name'])
    expect(half).toEqual({
      code: 1,
      stdout: 'maxTopics\n',
      stderr: `mqnamesrv: no key "x-y-z" on ${address}\n`,
    })
  })

  test.each([
    ["Java's", undefined],
    ['ours on another machine', NO_PERMISSION],
  ])('shows of %s what request 319 has, without sources, and says so', async (_, code) => {
    const path = fileWith()
    const { port } = await startServer({ orderMessageEnable: 'true', configStorePath: path })
    const address = await startWithoutViews(port, code)
    const { stdout, stderr } = await runCli(['config', 'get', '-n', address, '--json'])
    const { items } = JSON.parse(stdout) as { items: { key: string }[] }
    expect(items.find(({ key }) => key === 'orderMessageEnable')).toMatchObject({
      value: true,
      source: null,
      effect: 'live',
      updatable: code === NO_PERMISSION ? true : null,
    })
    expect(items.some(({ key }) => key === 'maxTopics')).toBe(false)
    expect(stderr).toBe(`${address} shows neither all keys nor where values come from\n`)
  })

  test('--updatable lists only the keys that config set can change', async () => {
    const address = await addressOf({ configBlackList: 'orderMessageEnable;configBlackList' })
    const get = ['config', 'get', '--updatable', '-o', 'name', '-n', address]
    const keys = (await runCli(get)).stdout.split('\n')
    expect(keys).toEqual(expect.arrayContaining(['enableTopicList', 'serverChannelMaxIdleTimeSeconds']))
    for (const key of ['listenPort', 'overloadLagMillis', 'orderMessageEnable'])
      expect(keys).not.toContain(key)
    expect(await runCli([...get, 'listenPort', 'enableTopicList'])).toMatchObject({
      code: 0,
      stdout: 'enableTopicList\n',
    })
    expect(await runCli([...get, 'listenPort'])).toEqual({
      code: 0,
      stdout: '',
      stderr: `${address}: no such keys\n`,
    })
  })
})

describe('config set', () => {
  test('changes keys on all NameServers, and says what they were and when they take effect', async () => {
    const [a, b] = [await addressOf(), await addressOf({ orderMessageEnable: 'true' })]
    const set = ['config', 'set', 'orderMessageEnable=true', 'serverChannelMaxIdleTimeSeconds=60']
    const { code, stdout, stderr } = await runCli([...set, '-n', `${a};${b}`, '-y'])
    expect(code).toBe(0)
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/))
    expect(rows).toContainEqual([a, 'set', 'orderMessageEnable', 'true', 'false', 'at once'])
    expect(rows).toContainEqual([b, 'unchanged', 'orderMessageEnable', 'true', 'true', 'at once'])
    expect(rows).toContainEqual([b, 'set', 'serverChannelMaxIdleTimeSeconds', '60', '120', 'new connections'])
    expect(stderr).toContain(`${a}: orderMessageEnable=true (was false)\n`)
    expect(stderr).not.toContain(`${b}: orderMessageEnable`)
    expect(stderr).toContain(`${a}: in effect until this server stops`)
    const now = await runCli(['config', 'get', 'orderMessageEnable', '-n', a, '--no-headers'])
    expect(now.stdout).toBe('orderMessageEnable  true  update\n')
  })

  test('asks nothing if the values are there already', async () => {
    const address = await addressOf()
    const { code, stderr } = await runCli(['config', 'set', 'orderMessageEnable=false', '-n', address])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test.each([
    ['orderMessageEnable', 2, '"orderMessageEnable" is not KEY=VALUE'],
    ['orderMesageEnable=true', 2, 'no key "orderMesageEnable"; did you mean orderMessageEnable?'],
    [
      'maxTopics=1',
      2,
      /maxTopics cannot be changed while \S+ runs: set it in its configuration file and restart it/,
    ],
    ['enableAllTopicList=yes\n', 2, 'enableAllTopicList="yes\\n" must be true or false'],
    ['waitSecondsForService=601', 2, 'waitSecondsForService="601" must be from 0 to 600 s'],
  ])('rejects %j before it asks', async (assignment, code, message) => {
    const address = await addressOf()
    const set = ['config', 'set', 'enableTopicList=false', assignment, '-n', address]
    const { stdout, stderr, ...result } = await runCli([...set, '--json'], { isTTY: true, input: 'y\n' })
    expect(result.code).toBe(code)
    const [error] = JSON.parse(stdout).errors
    expect(error.message).toMatch(message)
    expect(stderr).toMatch(/^mqnamesrv: .*\n$/)
    const now = await runCli(['config', 'get', 'enableTopicList', '-n', address, '--no-headers'])
    expect(now.stdout).toBe('enableTopicList  true  default\n')
  })

  test('says all reasons at once', async () => {
    const address = await addressOf()
    const { stderr } = await runCli(['config', 'set', 'x-y-z=1', 'maxTopics=1', '-n', address, '-y'])
    expect(stderr).toMatch(/^mqnamesrv: no key "x-y-z"; maxTopics cannot be changed while /)
  })

  test('rejects them, too, where the server shows its views to its own machine only', async () => {
    const { port } = await startServer()
    const address = await startWithoutViews(port, NO_PERMISSION)
    const set = (assignment: string) => runCli(['config', 'set', assignment, '-n', address, '-y'])
    for (const own of ['listenPort=1', 'maxTopics=1'])
      expect(await set(own)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(' cannot be changed '),
      })
    expect(await set('orderMesage=1')).toMatchObject({ code: 2, stderr: expect.stringContaining('no key ') })
    expect(await set('orderMessageEnable=TRUE')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`${address}: orderMessageEnable=true (was false)\n`),
    })
  })
})

describe('config set, of a NameServer of Java,', () => {
  const bodyOf = (port: number) => `listenPort=${port}\norderMessageEnable=false\npath=D:\\rocketmq\\unit\n`
  const JAVA = { 319: (_: unknown, before: number) => ({ body: bodyOf(before === 0 ? 9876 : 9877) }) }

  test('ends with 1 for a key that it takes and drops', async () => {
    const { address, codes } = await startScripted(JAVA)
    const set = ['config', 'set', 'nonsense=a b', 'listenPort=09877', '-n', address, '-y']
    const { code, stdout, stderr } = await runCli(set)
    expect(code).toBe(1)
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(1))).toEqual([
      ['RESULT', 'KEY', 'VALUE', 'PREVIOUS', 'EFFECT'],
      ['ignored', 'nonsense', 'a b', '-', '-'],
      ['set', 'listenPort', '9877', '9876', 'restart'],
      [],
    ])
    expect(stderr).toContain(`${address}: nonsense="a b" (was not shown)\n`)
    expect(stderr).toContain(`${address} accepted nonsense and did not change it: it has no such key\n`)
    expect(codes()).toContain(318)
    expect((await runCli([...set, '-o', 'name'])).stdout).toBe('nonsense\nlistenPort\n')
  })

  test('is said to have no key that is misspelt, and which is the nearest', async () => {
    const { address } = await startScripted(JAVA)
    const set = ['config', 'set', 'orderMesageEnable=true', '-n', address, '-y']
    expect((await runCli(set)).stderr).toContain(
      'did not change it: it has no such key; did you mean orderMessageEnable?',
    )
    const rejected = ['config', 'set', 'orderMessageEnable=maybe', '-n', address, '-y']
    expect((await runCli(rejected)).stderr).toContain('did not change it: it rejects the value')
  })

  test('ends with 1 if the value differs in its case only, and with 0 for a boolean in another case', async () => {
    const body = 'kvConfigPath=/root/kv.json\norderMessageEnable=true\n'
    const { address } = await startScripted({ 319: { body } })
    const set = (assignment: string) =>
      runCli(['config', 'set', assignment, '-n', address, '-y', '--no-headers'])
    expect(await set('kvConfigPath=/root/KV.json')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`${address}  ignored  kvConfigPath`),
    })
    expect(await set('orderMessageEnable=TRUE')).toMatchObject({ code: 0 })
    expect(await set('orderMessageEnable=FALSE')).toMatchObject({ code: 1 })
  })

  test('sends no value with outer spaces, which it would not keep', async () => {
    const { address, codes } = await startScripted(JAVA)
    expect(await runCli(['config', 'set', 'path= /a', '-n', address, '-y'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('path=" /a" begins or ends with white space'),
    })
    expect(codes()).not.toContain(318)
  })

  test('shows values with backslashes as they are', async () => {
    const { address } = await startScripted(JAVA)
    const { stdout } = await runCli(['config', 'get', 'path', '-n', address, '--no-headers'])
    expect(stdout).toBe('path  D:\\rocketmq\\unit  -\n')
  })

  test('fails where the configuration cannot be read', async () => {
    const { address } = await startScripted({ 1450: { code: 2, remark: 'busy' } })
    expect(await runCli(['config', 'get', '-n', address])).toMatchObject({
      code: 1,
      stderr: 'mqnamesrv: busy\n',
    })
  })
})

describe('config check', () => {
  test('finds a valid file valid, also from stdin', async () => {
    const path = fileWith('listenPort=9877', 'maxTopics=5')
    expect(await runCli(['config', 'check', path])).toEqual({
      code: 0,
      stdout: `${path} is valid\n`,
      stderr: '',
    })
    expect((await runCli(['config', 'check', path, '-o', 'name'])).stdout).toBe(`${path}\n`)
    expect((await runCli(['config', 'check', '-'], { input: 'x.y=1' })).stdout).toBe(
      'warning: stdin:1: unknown key has no effect: key="x.y"\nstdin is valid\n',
    )
    expect(await runCli(['config', 'check', '-'], { input: 'listenPort=x' })).toEqual({
      code: 1,
      stdout: 'error: stdin:1: listenPort="x" must be a whole number\nstdin is invalid\n',
      stderr: '',
    })
  })

  test('lists all errors and warnings at once, those of environment variables too', async () => {
    const path = fileWith('listenPort=99999', 'maxTopicz=5', 'orderMessageEnable=yes')
    const { code, stdout } = await runCli(['config', 'check', path, '-o', 'json'], {
      env: { MQNAMESRV_MAX_TOPICS: '-1' },
    })
    expect(code).toBe(1)
    expect(JSON.parse(stdout).items).toEqual([
      {
        file: path,
        valid: false,
        problems: [
          `${path}:1: listenPort="99999" must be from 0 to 65535`,
          `${path}:3: orderMessageEnable="yes" must be true or false`,
          expect.stringContaining('environment variable MQNAMESRV_MAX_TOPICS: maxTopics="-1" must be from'),
        ],
        warnings: [`${path}:2: unknown key has no effect: key="maxTopicz"; did you mean maxTopics?`],
        notes: [],
      },
    ])
  })

  test('goes through the file line by line, with what Java would ignore without a word', async () => {
    const input = [
      'listenport=9877',
      'maxTopics=many',
      'orderMessageEnable=false',
      'serverWorkerThreads=8',
      'controllerType=jRaft',
      'orderMessageEnable=maybe',
      'orderMessageEnable=true',
      'logLevel=loud',
    ].join('\n')
    expect((await runCli(['config', 'check', '-'], { input })).stdout.split('\n')).toEqual([
      'warning: stdin:1: unknown key has no effect: key="listenport"; did you mean listenPort?',
      'error: stdin:2: maxTopics="many" must be a whole number',
      'warning: stdin:3: value ignored: the key is set again below: key="orderMessageEnable", lineInEffect=7',
      'warning: stdin:6: value ignored: the key is set again below: key="orderMessageEnable", lineInEffect=7',
      'error: stdin:8: logLevel="loud" must be one of fatal, error, warn, info, debug, trace',
      'note: controller keys without effect here: keys=["controllerType"]',
      'note: keys without effect here: keys=["serverWorkerThreads"]',
      'stdin is invalid',
      '',
    ])
  })

  test('reads the files that the configuration names, as a start would', async () => {
    const folder = temporaryFolder()
    const access = join(folder, 'access.yml')
    const path = fileWith(
      ...[`accessFile=${access}`, `httpTokenFile=${folder}/token`, 'tls.test.mode.enable=false'],
      ...[`tls.server.keyPath=${folder}/server.key`, `tls.server.certPath=${folder}/server.pem`],
    )
    const check = async (env: Record<string, string> = {}) => {
      const { code, stdout } = await runCli(['config', 'check', path], { env })
      return { code, lines: stdout.replaceAll(folder, '').split('\n').slice(0, -2) }
    }
    expect(await check()).toEqual({
      code: 1,
      lines: [
        'error: accessFile: /access.yml: cannot be read: no such file or directory (ENOENT)',
        'error: httpTokenFile="/token" cannot be used: no such file or directory (ENOENT)',
        expect.stringMatching(/^warning: cannot read tls.server.keyPath="\/server.key": ENOENT/),
      ],
    })
    writeFileSync(access, 'accounts: [{ accessKey: ops, secretEnv: OPS, admin: true }]\n', { mode: 0o600 })
    writeFileSync(join(folder, 'token'), 'word\n', { mode: 0o600 })
    const enforcing = { MQNAMESRV_TLS_SERVER_MODE: 'enforcing', MQNAMESRV_USE_TLS: 'false' }
    expect(await check({ ...enforcing, OPS: 'a secret of ops' })).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^error: cannot read tls.server.keyPath/)],
    })
    const { certPath, keyPath } = writeIdentity(folder, 'server', certificateAuthority('CA').issue('server'))
    const tls = { MQNAMESRV_TLS_SERVER_CERT_PATH: certPath, MQNAMESRV_TLS_SERVER_KEY_PATH: keyPath }
    expect(await check({ ...enforcing, ...tls, OPS: 'a secret of ops' })).toEqual({ code: 0, lines: [] })
    expect((await check(tls)).lines).toEqual([
      'error: accessFile: /access.yml:1:41: secretEnv "OPS" is not set',
    ])
  })

  test('names the files that are named pipes or devices, and waits for none', async () => {
    const folder = temporaryFolder()
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const path = fileWith(
      ...[`accessFile=${pipe}`, 'httpTokenFile=/dev/zero', 'tls.test.mode.enable=false'],
      ...[`tls.server.keyPath=${pipe}`, `tls.server.certPath=${pipe}`],
    )
    const checked = await runCli(['config', 'check', path])
    expect(checked.stdout.replaceAll(pipe, 'PIPE').split('\n').slice(0, -2)).toEqual([
      'error: accessFile: PIPE: cannot be read: it is a named pipe; a regular file is needed',
      'error: httpTokenFile="/dev/zero" cannot be used: it is a device; a regular file is needed',
      'warning: cannot read tls.server.keyPath="PIPE": it is a named pipe; a regular file is needed',
    ])
    writeFileSync(path, `tls.config.file=${pipe}`)
    expect((await runCli(['config', 'check', path])).stdout).toContain(
      `"${pipe}" cannot be read: it is a named`,
    )
    expect(await runCli(['config', 'check', pipe])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${pipe}: it is a named pipe; a regular file is needed`),
    })
  })

  test('reads what another command writes', async () => {
    const { output, ended } = runCommand([
      ...['sh', '-c', 'echo listenPort=x | "$0" config check /dev/stdin', checkout()],
    ])
    expect([await ended, output.stdout]).toEqual([
      1,
      'error: /dev/stdin:1: listenPort="x" must be a whole number\n/dev/stdin is invalid\n',
    ])
  })

  test('ends with 1 for a file that is not there', async () => {
    const { code, stdout, stderr } = await runCli(['config', 'check', '/no/such/file', '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout).errors[0]).toMatchObject({ code: 'not_found', namesrv: null })
    expect(stderr).toMatch(/^mqnamesrv: cannot read configuration file \/no\/such\/file: /)
    expect((await runCli(['config', 'check', temporaryFolder()])).stderr).toMatch(/EISDIR|is a directory/)
  })
})

describe('config diff', () => {
  /** All keys that two servers of a test have not in common anyway. */
  const otherwiseEqual = () => {
    const folder = temporaryFolder()
    return { kvConfigPath: join(folder, 'kv'), 'user.home': folder, routeSnapshotPath: '' }
  }

  test('has a line for each side where the table is wider than the terminal', async () => {
    const path = `/${'long/'.repeat(8)}`
    const [a, b] = [path, `${path}b,c`].map((value) => startScripted({ 319: { body: `x=${value}\n` } }))
    const both = [(await a)?.address, (await b)?.address]
    const argv = ['config', 'diff', '-n', both.join(';')]
    const terminal = { isTTY: true, columns: 80 }
    expect((await runCli(argv, terminal)).stdout).toBe(`x\n  ${both[0]}: ${path}\n  ${both[1]}: ${path}b,c\n`)
    expect((await runCli([...argv, '-o', 'wide'], terminal)).stdout).toMatch(/^KEY /)
  })

  test('shows the keys in which NameServers differ, and ends with 1', async () => {
    const same = otherwiseEqual()
    const [a, b] = [await addressOf(same), await addressOf({ ...same, maxTopics: '5' })]
    const { code, stdout, stderr } = await runCli(['config', 'diff', '-n', `${a};${b}`])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['KEY', a, b],
      ['maxTopics', '1000000', '5'],
      [''],
    ])
  })

  test('has the keys that differ as its names', async () => {
    const same = otherwiseEqual()
    const both = `${await addressOf(same)};${await addressOf({ ...same, maxTopics: '5' })}`
    expect((await runCli(['config', 'diff', '-n', both, '-o', 'name'])).stdout).toBe('maxTopics\n')
  })

  test('ends with 0 if they do not differ', async () => {
    const same = otherwiseEqual()
    const [a, b] = [await addressOf(same), await addressOf(same)]
    const stderr = `no differences between ${a}, ${b}\n`
    expect(await runCli(['config', 'diff', '-n', `${a};${b}`])).toEqual({ code: 0, stdout: '', stderr })
  })

  test('leaves out keys of ours against one that has only those of Java', async () => {
    const same = otherwiseEqual()
    const a = await addressOf(same)
    const { port } = await startServer({ ...same, maxTopics: '5', orderMessageEnable: 'true' })
    const java = await startWithoutViews(port)
    const { code, stdout, stderr } = await runCli(['config', 'diff', '-n', `${a};${java}`, '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout).items).toEqual([
      { key: 'orderMessageEnable', values: { [a]: false, [java]: true } },
    ])
    expect(stderr).toBe('some show only the keys of request 319; the others were not compared\n')
  })

  test('compares each key among those that show it: a missing one is unknown', async () => {
    const servers = [
      await startScripted({ 319: { body: 'kvConfigPath=/a/KV.json\nlistenPort=1\nx=1\n' } }),
      await startScripted({ 319: { body: 'kvConfigPath=/a/kv.json\nlistenPort=01\ny=2\n' } }),
      await startScripted({ 319: { body: 'listenPort=1\n' } }),
    ]
    const [a = '', b = '', c = ''] = servers.map(({ address }) => address)
    const { code, stdout } = await runCli(['config', 'diff', '-n', `${a};${b};${c}`, '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout).items).toEqual([
      { key: 'kvConfigPath', values: { [a]: '/a/KV.json', [b]: '/a/kv.json', [c]: null } },
    ])
    expect(await runCli(['config', 'diff', '-n', `${a};${c}`])).toMatchObject({ code: 0, stdout: '' })
  })

  test('does not take a key of a file for different from a server on another machine, which does not show it', async () => {
    const { port } = await startServer({ maxTopics: '5' })
    const address = await startWithoutViews(port, NO_PERMISSION)
    const file = fileWith('maxTopics=5')
    expect(await runCli(['config', 'diff', file, '-n', address])).toEqual({
      code: 0,
      stdout: '',
      stderr:
        `no differences between ${file}, ${address}\n` +
        'some show only the keys of request 319; the others were not compared\n',
    })
  })

  test('compares what a file sets, and what a server has from elsewhere', async () => {
    const address = await addressOf({ maxTopics: '0077', orderMessageEnable: 'true', maxBrokers: '9' })
    const path = fileWith('maxTopics=77', 'orderMessageEnable=FALSE', 'maxBrokers=9')
    const { code, stdout } = await runCli(['config', 'diff', path, '-n', address, '--json'])
    expect(code).toBe(1)
    const { items } = JSON.parse(stdout) as { items: { key: string; values: object }[] }
    expect(items).toContainEqual({
      key: 'orderMessageEnable',
      values: { [path]: false, [address]: true },
    })
    const keys = items.map(({ key }) => key)
    // The test gives the server these by options.
    expect(keys).toEqual(expect.arrayContaining(['listenPort', 'httpListenPort', 'kvConfigPath']))
    expect(keys).not.toContain('maxTopics')
    expect(keys).not.toContain('maxBrokers')
  })

  test('needs something to compare', async () => {
    const address = await addressOf()
    const alone = await runCli(['config', 'diff', '-n', address])
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringContaining('at least two NameServers') })
    const dead = `127.0.0.1:${await freePort()}`
    expect(await runCli(['config', 'diff', '-n', `${address};${dead}`])).toMatchObject({ code: 3 })
    const invalid = await runCli(['config', 'diff', fileWith('listenPort=x'), '-n', address])
    expect(invalid).toMatchObject({ code: 1, stderr: expect.stringContaining('mqnamesrv config check') })
  })
})
