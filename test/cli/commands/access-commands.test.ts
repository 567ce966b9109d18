import { chmodSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { proxyV1 } from '../../support/proxy-headers.ts'
import { startServer, temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'

const POLICY = `profile: guarded
networks:
  ops: [10.1.0.0/16]
accounts:
  - accessKey: ops
    secretEnv: MQ_OPS
    admin: true
    from: [ops, loopback]
  - accessKey: tls
    secretKey: "abcdef"
    admin: true
    requireTls: true
rules:
  - deny: [lookup]
    from: ops
    topics: ["internal-*"]
  - allow: [config]
    who: { certificate: "ops-*" }
certificates:
  - subjectAltName: "URI:spiffe://mq/*"
    roles: [admin]
`

function fileOf(text: string, mode = 0o600): string {
  const path = join(temporaryFolder(), 'access.yml')
  writeFileSync(path, text, { mode })
  return path
}

describe('access check', () => {
  test('says what a file does, and its warnings', async () => {
    const path = fileOf(
      'profile: guarded\naccounts:\n  - accessKey: ops\n    secretKey: 12345678\n    admin: true\n',
      0o644,
    )
    expect(await runCli(['access', 'check', path])).toEqual({
      code: 0,
      stderr: '',
      stdout: `warning: ${path}: readable by all users, and has secrets; restrict its permissions
warning: ${path}:4:16: secretKey is a number without quotes; put it in quotes
warning: ${path}:4:16: account ops has the secret of RocketMQ's examples (12345678); change it
${path} is valid
profile guarded, mode enforce; open to everyone: lookup, list, register
`,
    })
  })

  test('warns of files that other users may write', async () => {
    const path = fileOf('profile: guarded\n')
    const secretPath = fileOf('s3cret')
    writeFileSync(path, `accounts: [{ accessKey: a, secretFile: ${secretPath} }]\n`)
    for (const file of [path, secretPath]) chmodSync(file, 0o620)
    const { stdout } = await runCli(['access', 'check', path])
    for (const file of [path, secretPath])
      expect(stdout).toContain(`warning: ${file}: writable by other users; restrict its permissions\n`)
  })

  test('says everything that is wrong, with exit code 1', async () => {
    const path = fileOf('mode: on\nrules:\n  - alow: [lookup]\n')
    const { code, stdout } = await runCli(['access', 'check', path])
    expect(code).toBe(1)
    expect(stdout).toBe(`error: ${path}:1:7: mode is "on", not one of enforce, audit, off
error: ${path}:3:5: unknown key "alow" in rule 1; did you mean allow?
error: ${path}:3:5: rule 1 needs either allow or deny
${path} is invalid
`)
  })

  test('has the same as JSON, and takes the profile of the server', async () => {
    const path = fileOf('rules:\n  - allow: lookup\n')
    const { code, stdout } = await runCli(['access', 'check', path, '--profile', 'strict', '-o', 'json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout).items).toMatchObject([{ file: path, valid: false, policy: null, warnings: [] }])
    const open = await runCli(['access', 'check', path, '-o', 'json'])
    expect(JSON.parse(open.stdout).items[0].policy).toEqual({
      profile: 'default',
      mode: 'enforce',
      accounts: 0,
      rules: 5,
      openGroups: ['lookup', 'list', 'register', 'admin'],
    })
  })

  test('of a missing file fails', async () => {
    const { code, stderr } = await runCli(['access', 'check', '/none.yml'])
    expect([code, stderr]).toEqual([1, 'mqnamesrv: /none.yml: no such file or directory\n'])
  })
})

describe('access test', () => {
  const env = { MQ_OPS: 'secret' }
  const tested = async (...words: string[]) => {
    const { code, stdout, stderr } = await runCli(['access', 'test', ...words, '--file', fileOf(POLICY)], {
      env,
    })
    return [code, ...stdout.trimEnd().split('\n'), ...(stderr === '' ? [] : [stderr.trimEnd()])]
  }

  test.each<[line: string, output: (string | number)[]]>([
    [
      '--code 318 --from 10.1.2.3 --as ops',
      [
        0,
        'allowed by profile guarded',
        'request 318 is in group config',
        'from 10.1.2.3 (network ops) as account ops (admin)',
      ],
    ],
    [
      '--code 318 --from 10.2.2.3 --as ops',
      [
        1,
        'rejected by profile guarded',
        'request 318 is in group config',
        'from 10.2.2.3 as anonymous',
        'signatures of ops do not count from 10.2.2.3 without TLS (from, requireTls)',
      ],
    ],
    [
      '--code 205 --from 10.2.2.3 --as tls --over-tls',
      [
        0,
        'allowed by profile guarded',
        'request 205 is in group admin',
        'from 10.2.2.3 as account tls (admin)',
      ],
    ],
    [
      '--code 318 --from 10.2.2.3 --certificate ops-1',
      [
        0,
        'allowed by rule 2 (line 17)',
        'request 318 is in group config',
        'from 10.2.2.3 as certificate ops-1',
      ],
    ],
    [
      '--code 318 --from 10.2.2.3 --certificate URI:spiffe://mq/ops',
      [
        0,
        'allowed by profile guarded',
        'request 318 is in group config',
        'from 10.2.2.3 as certificate URI:spiffe://mq/ops (admin)',
      ],
    ],
    [
      '--code 105 --from 10.1.2.3 --topic internal-a',
      [
        1,
        'rejected by rule 1 (line 14)',
        'request 105 is in group lookup',
        'from 10.1.2.3 (network ops) as anonymous',
      ],
    ],
    [
      '--code 105 --from 10.1.2.3 --topic orders',
      [
        0,
        'allowed by profile guarded',
        'request 105 is in group lookup',
        'from 10.1.2.3 (network ops) as anonymous',
      ],
    ],
    [
      '--code 318 --from ::1',
      [
        0,
        'allowed by profile guarded',
        'request 318 is in group config',
        'from ::1 (network loopback) as anonymous',
      ],
    ],
  ])('%s', async (line, output) => {
    expect(await tested(...line.split(' '))).toEqual(output)
  })

  test.each([
    ['--from 10.1.2.3', '--code is missing (try mqnamesrv help access test)'],
    ['--code 318', '--from is missing (try mqnamesrv help access test)'],
    ['--code x --from 10.1.2.3', '--code "x" is not a number (try mqnamesrv help access test)'],
    [
      '--code 999 --from 10.1.2.3',
      '999 is not the code of a request that this server supports (try mqnamesrv help access test)',
    ],
    ['--code 318 --from here', '"here" is not an IP address (try mqnamesrv help access test)'],
    ['--code 205 --from ::1 --cluster Dev', 'request 205 names no cluster (try mqnamesrv help access test)'],
    ['--code 206 --from ::1 --topic a', 'request 206 names no topic (try mqnamesrv help access test)'],
    ['--code 318 --from ::1 --broker a', 'request 318 names no broker (try mqnamesrv help access test)'],
    [
      '--code 217 --from ::1 --broker a --announce 10.1.2.3:1',
      'request 217 names no address of a broker (try mqnamesrv help access test)',
    ],
    ['--code 318 --from ::1 --as osp', 'there is no account "osp" (try mqnamesrv help access test)'],
  ])('%s is an error', async (line, message) => {
    expect(await tested(...line.split(' '))).toEqual([2, '', `mqnamesrv: ${message}`])
  })

  test('of a file without a profile takes that of --profile, which is for files only', async () => {
    const words = ['access', 'test', '--code', '206', '--from', '10.1.2.3', '--profile', 'open']
    const withFile = await runCli([...words, '--file', fileOf('mode: audit\n')])
    expect(withFile.stdout).toMatch(/^allowed by profile open\n/)
    expect((await runCli(words)).stderr).toMatch(/^mqnamesrv: --profile needs --file/)
  })

  test('asks servers about the policy that is in effect there', async () => {
    const { port } = await startServer({ accessFile: fileOf('mode: audit\nprofile: guarded\n') })
    const words = ['access', 'test', '-n', `127.0.0.1:${port}`, '--from', '10.1.2.3']
    expect(await runCli([...words, '--code', '216', '--topic', 'a'])).toEqual({
      code: 0,
      stdout:
        'let pass (mode audit) by profile guarded\nrequest 216 is in group admin\nfrom 10.1.2.3 as anonymous\n',
      stderr: '',
    })
    const { code, stderr } = await runCli([...words, '--code', '216', '--as', 'ops'])
    expect([code, stderr]).toEqual([
      2,
      'mqnamesrv: there is no account "ops" (try mqnamesrv help access test)\n',
    ])
  })

  test('of an invalid file says its first problem', async () => {
    const path = fileOf('mode: on\n')
    const { code, stderr } = await runCli([
      'access',
      'test',
      '--code',
      '318',
      '--from',
      '::1',
      '--file',
      path,
    ])
    expect(code).toBe(1)
    expect(stderr).toBe(
      `mqnamesrv: ${path}:1:7: mode is "on", not one of enforce, audit, off (mqnamesrv access check ${path})\n`,
    )
  })
})

describe('access whoami', () => {
  test('says who the command is to a server, and what it may do', async () => {
    const { port } = await startServer({ accessProfile: 'guarded' })
    const { code, stdout } = await runCli(['access', 'whoami', '-n', `127.0.0.1:${port}`])
    expect(code).toBe(0)
    expect(stdout).toBe(`anonymous, from 127.0.0.1 (network loopback), without TLS
profile guarded, mode enforce
lookup   yes profile guarded
list     yes profile guarded
register yes profile guarded
admin    yes profile guarded
config   yes profile guarded
inspect  yes profile guarded
`)
  })

  test('says that the address is unknown behind a proxy on the same machine, and what to do', async () => {
    const { port } = await startServer({ accessProfile: 'open' })
    const proxy = createServer((client) => {
      const server = connect(port, '127.0.0.1')
      server.write(proxyV1('203.0.113.7', 5_000))
      client.pipe(server).pipe(client)
      for (const socket of [client, server]) socket.on('error', () => {})
    })
    await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void proxy.close())
    const { port: proxyPort } = proxy.address() as AddressInfo
    const { code, stdout } = await runCli(['access', 'whoami', '-n', `127.0.0.1:${proxyPort}`])
    expect(code).toBe(0)
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'anonymous, from an unknown address, without TLS',
      "through a proxy on the server's machine: the address in its PROXY header counts if proxyProtocolTrustedNetworks names the proxy",
    ])
  })

  test('knows the account whose signature is right, and no other', async () => {
    const secret = join(temporaryFolder(), 'secret')
    writeFileSync(secret, 'abcdefgh\n', { mode: 0o600 })
    const policy = `loopback: none\naccounts:\n  - { accessKey: ops, secretFile: ${JSON.stringify(secret)}, admin: true }\n`
    const { port } = await startServer({ accessFile: fileOf(policy) })
    const whoami = (accessKey: string) =>
      runCli([
        'access',
        'whoami',
        '-n',
        `127.0.0.1:${port}`,
        '--access-key',
        accessKey,
        '--secret-key-file',
        secret,
        '-o',
        'name',
      ])
    expect(await whoami('ops')).toEqual({ code: 0, stdout: 'ops\n', stderr: '' })
    const { code, stderr } = await whoami('osp')
    expect(code).toBe(4)
    expect(stderr).toContain('Authentication failed')
  })

  test('says that a signature proves nothing where the sender may ask without one', async () => {
    const secret = join(temporaryFolder(), 'secret')
    writeFileSync(secret, 'abcdefgh\n', { mode: 0o600 })
    const { port } = await startServer()
    const account = ['--access-key', 'ops', '--secret-key-file', secret]
    const { code, stdout } = await runCli(['access', 'whoami', '-n', `127.0.0.1:${port}`, ...account])
    expect(code).toBe(0)
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'anonymous, from 127.0.0.1 (network loopback), without TLS',
      'signed as ops, which proves nothing here: no such account, another secret, or it does not count from this address or without TLS',
    ])
  })
})

describe('access rejections', () => {
  test('lists what was rejected last, by whom and by which rule', async () => {
    const accessFile = fileOf('profile: guarded\nloopback: none\nrules:\n  - allow: inspect\n')
    const { port, connect } = await startServer({ accessFile })
    const client = await connect()
    for (const AccessKey of ['stranger', 'stranger', '\u202eops'])
      await client.request({ code: 216, extFields: { topic: 'T', AccessKey, Signature: 'x' } })
    await client.request({ code: 318, body: 'enableTopicList=false' })
    const { code, stdout } = await runCli(['access', 'rejections', '-n', `127.0.0.1:${port}`])
    expect(code).toBe(0)
    const rows = stdout.split('\n').map((line) => line.trim().split(/ {2,}/).slice(1))
    expect(rows.slice(0, 4)).toEqual([
      ['COUNT', 'CODE', 'GROUP', 'FROM', 'AS', 'REJECTED BY', 'WHY'],
      ['1', '318', 'config', ...['127.0.0.1', 'anonymous', 'profile guarded', 'not signed']],
      [
        ...['1', '216', 'admin', '127.0.0.1', String.raw`\u202eops (unproven)`, 'profile guarded'],
        'unknown access key',
      ],
      [...['2', '216', 'admin', '127.0.0.1', 'stranger (unproven)', 'profile guarded'], 'unknown access key'],
    ])
  })

  test('of a server that rejected nothing says so', async () => {
    const { port } = await startServer()
    const { code, stderr } = await runCli(['access', 'rejections', '-n', `127.0.0.1:${port}`])
    expect(code).toBe(0)
    expect(stderr).toBe(`127.0.0.1:${port}: no request rejected since the start\n`)
  })
})
