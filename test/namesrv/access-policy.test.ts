import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { get } from '../support/http.ts'
import { proxyV1 } from '../support/proxy-headers.ts'
import { headerOf } from '../support/raw-client.ts'
import { registration } from '../support/requests.ts'
import { createServer, startServer, temporaryFolder } from '../support/start-server.ts'
import { until } from '../support/until.ts'

const CLOSED = 'profile: strict\nrules:\n  - allow: [admin]\n    from: loopback\n'

/** What happens when an access file and its secrets have just been read. */
const loading = vi.hoisted(() => ({ afterwards: () => {} }))

vi.mock('../../src/namesrv/access/load-access-file.ts', async (importActual) => {
  const actual = await importActual<typeof import('../../src/namesrv/access/load-access-file.ts')>()
  const loadAccessFile: typeof actual.loadAccessFile = (...parameters) => {
    const loaded = actual.loadAccessFile(...parameters)
    loading.afterwards()
    return loaded
  }
  return { ...actual, loadAccessFile }
})

/** An access file that only its owner can read. */
function accessFile(text: string): string {
  const path = join(temporaryFolder(), 'access.yml')
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

function accessLines(lines: readonly { readonly msg: string }[]) {
  return lines.filter(({ msg }) => msg.startsWith('access'))
}

async function startWith(text: string, properties: Readonly<Record<string, string>> = {}) {
  const path = accessFile(text)
  const server = await startServer({ accessFile: path, ...properties })
  const client = await server.connect()
  const codeOf = async (code: number): Promise<number> => {
    const response = await client.request({ code, extFields: { path: '/api/v1/status' } })
    return headerOf(response).code
  }
  return { ...server, path, codeOf }
}

describe('accessFile', () => {
  test('that cannot be used fails the start with all of its problems', async () => {
    const path = accessFile('mode: on\nprofil: open\n')
    await expect(createServer({ accessFile: path }).controller.start()).rejects.toMatchObject({
      code: 'ERR_CONFIG_FILE',
      problems: [
        expect.stringContaining(`accessFile: ${path}:1:7: mode is "on"`),
        expect.stringContaining(`accessFile: ${path}:2:1: unknown key "profil"`),
      ],
    })
  })

  test('that is missing fails the start', async () => {
    const path = join(temporaryFolder(), 'none.yml')
    await expect(createServer({ accessFile: path }).controller.start()).rejects.toMatchObject({
      message: `accessFile: ${path}: cannot be read: no such file or directory (ENOENT)`,
    })
  })

  test.each([
    ['a secret that is too long', 'long', 'it has 1048577 bytes, more than 1048576'],
    ['a secret in Latin-1', 'latin-1', 'it is not text in UTF-8'],
  ])('that names %s fails the start', async (_, secretFile, problem) => {
    const path = accessFile(`accounts:\n  - { accessKey: ops, secretFile: ${secretFile}, admin: true }\n`)
    const folder = dirname(path)
    writeFileSync(join(folder, 'long'), 'x'.repeat(1_048_577), { mode: 0o600 })
    writeFileSync(join(folder, 'latin-1'), Buffer.from('schl\u00fcssel', 'latin1'), { mode: 0o600 })
    await expect(createServer({ accessFile: path }).controller.start()).rejects.toMatchObject({
      code: 'ERR_CONFIG_FILE',
      problems: [`accessFile: ${path}:2:35: secretFile cannot be read: ${problem}`],
    })
  })

  test('is what decides, and is logged', async () => {
    const { codeOf, lines, path } = await startWith(CLOSED)
    expect(accessLines(lines)).toEqual([
      {
        level: 'info',
        msg: 'access policy in effect',
        profile: 'strict',
        mode: 'enforce',
        file: path,
        accounts: 0,
        openGroups: [],
      },
    ])
    expect(await codeOf(RequestCode.INSPECT)).toBe(16)
    expect(await codeOf(RequestCode.GET_BROKER_CLUSTER_INFO)).toBe(16)
  })

  test('without a profile has that of accessProfile', async () => {
    const { lines } = await startWith('mode: audit\n', { accessProfile: 'guarded' })
    expect(accessLines(lines)).toMatchObject([{ profile: 'guarded', mode: 'audit' }])
  })

  test('that has changed takes effect when it has stayed the same for a second', async () => {
    const { codeOf, lines, path, time, controller } = await startWith('profile: open\n')
    expect(await codeOf(RequestCode.INSPECT)).toBe(0)
    writeFileSync(path, CLOSED)
    time.advance(1_000)
    expect(await codeOf(RequestCode.INSPECT)).toBe(0)
    time.advance(1_000)
    expect(await codeOf(RequestCode.INSPECT)).toBe(16)
    expect(accessLines(lines).slice(1)).toMatchObject([
      { level: 'info', msg: 'access file read again; its policy is in effect', profile: 'strict' },
    ])
    const changes = controller.events.list().filter(({ kind }) => kind === 'configuration_changed')
    expect(changes).toMatchObject([
      {
        subject: path,
        text: 'access policy in effect: profile strict, mode enforce',
      },
    ])
    time.advance(10_000)
    expect(accessLines(lines)).toHaveLength(2)
  })

  test('that cannot be used after a change leaves everything as it was, and is a finding until it is repaired', async () => {
    const {
      codeOf,
      controller,
      lines,
      path,
      time,
      httpPort = 0,
    } = await startWith(CLOSED, { httpListenPort: 'any', httpTokenFile: accessFile('s3cret') })
    const authorization = 'Bearer s3cret'
    const findings = async (): Promise<{ rule: string; text: string }[]> => {
      const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/findings`, {
        headers: { authorization },
      })
      const body = (await response.json()) as { findings: { rule: string; text: string }[] }
      return body.findings.filter(({ rule }) => rule === 'access_file_rejected')
    }
    const findingsAfter = async (event: 'finding_raised' | 'finding_cleared') => {
      const texts = () =>
        controller.events.list().filter(({ kind, subject }) => kind === event && subject === path)
      time.advance(5_000)
      await until(`there is a ${event}`, () => texts().length > 0)
      return findings()
    }
    writeFileSync(path, 'profile: open\nmodes: off\n')
    time.advance(2_000)
    expect(await codeOf(RequestCode.INSPECT)).toBe(16)
    expect(accessLines(lines).slice(1)).toEqual([
      {
        level: 'error',
        msg: 'access file cannot be used; the previous policy stays in effect',
        file: path,
        problems: [`${path}:2:1: unknown key "modes" in the access file; did you mean mode?`],
      },
    ])
    expect(await findingsAfter('finding_raised')).toMatchObject([
      { text: expect.stringContaining('unknown key "modes"') },
    ])
    const metrics = await get(httpPort, '/metrics', `Authorization: ${authorization}`)
    expect(metrics).toMatch(/^rocketmq_nameserver_access_policy_info\{.*profile="strict",mode="enforce"} 1$/m)
    expect(metrics).toMatch(/^rocketmq_nameserver_access_reloads_total\{.*result="failed"} 1$/m)
    writeFileSync(path, `${CLOSED}# repaired\n`)
    time.advance(2_000)
    expect(await findingsAfter('finding_cleared')).toEqual([])
    expect(await get(httpPort, '/metrics', `Authorization: ${authorization}`)).toMatch(
      /^rocketmq_nameserver_access_reloads_total\{.*result="ok"} 1$/m,
    )
  })

  test('that is away for a moment, while it is replaced, is no problem; one that stays away is', async () => {
    const { lines, path, time } = await startWith('profile: open\n')
    renameSync(path, `${path}.old`)
    time.advance(1_000)
    renameSync(`${path}.old`, path)
    time.advance(3_000)
    expect(accessLines(lines)).toHaveLength(1)
    rmSync(path)
    time.advance(3_000)
    expect(accessLines(lines).slice(1)).toMatchObject([
      { level: 'error', problems: [expect.stringContaining('ENOENT')] },
    ])
  })

  test('is read again when a file with a secret has changed, and by reload() at once', async () => {
    const folder = temporaryFolder()
    const secret = join(folder, 'ops')
    writeFileSync(secret, 'first-secret\n', { mode: 0o600 })
    const { lines, path, time, controller } = await startWith(
      `accounts: [{ accessKey: ops, secretFile: ${JSON.stringify(secret)}, admin: true }]\n`,
    )
    writeFileSync(secret, 'second-secret\n')
    time.advance(2_000)
    expect(accessLines(lines)).toHaveLength(2)
    writeFileSync(path, 'profile: guarded\n')
    controller.reload()
    expect(accessLines(lines).slice(2)).toMatchObject([{ profile: 'guarded' }])
    time.advance(5_000)
    expect(accessLines(lines)).toHaveLength(3)
    expect(JSON.stringify(lines)).not.toContain('second')
  })

  test('is read again when a secret is replaced while it is being read', async () => {
    const folder = temporaryFolder()
    const secret = join(folder, 'ops')
    writeFileSync(secret, 'first-secret\n', { mode: 0o600 })
    loading.afterwards = () => writeFileSync(secret, 'second-secret\n')
    onTestFinished(() => {
      loading.afterwards = () => {}
    })
    const { lines, time } = await startWith(
      `accounts: [{ accessKey: ops, secretFile: ${JSON.stringify(secret)}, admin: true }]\n`,
    )
    time.advance(5_000)
    expect(accessLines(lines).map(({ msg }) => msg)).toEqual([
      'access policy in effect',
      'access file read again; its policy is in effect',
    ])
  })

  test('warns of secrets that all users can read', async () => {
    const path = accessFile('accounts: [{ accessKey: ops, secretKey: "abcdefg", admin: true }]\n')
    chmodSync(path, 0o644)
    const { lines } = await startServer({ accessFile: path })
    expect(accessLines(lines)).toMatchObject([
      {
        level: 'warn',
        msg: 'access file warning',
        warning: `${path}: readable by all users, and has secrets; restrict its permissions`,
      },
      { msg: 'access policy in effect' },
    ])
  })
})

describe('accessProfile', () => {
  test('is default: what Java allows, and views from this machine', async () => {
    const { lines } = await startServer()
    expect(accessLines(lines)).toEqual([
      {
        level: 'info',
        msg: 'access policy in effect',
        profile: 'default',
        mode: 'enforce',
        accounts: 0,
        openGroups: ['lookup', 'list', 'register', 'admin'],
      },
    ])
  })

  test('strict does not start without an access file', async () => {
    await expect(createServer({ accessProfile: 'strict' }).controller.start()).rejects.toMatchObject({
      message: 'accessProfile=strict needs accessFile: without its rules every request would be rejected',
    })
  })

  test.each(['accessFile', 'accessProfile'])('and %s are not changed by a request', async (key) => {
    const { connect } = await startServer({ accessProfile: 'open' })
    const client = await connect()
    const response = await client.request({ code: RequestCode.UPDATE_NAMESRV_CONFIG, body: `${key}=open` })
    const { code, remark } = headerOf(response)
    expect(code).toBe(16)
    expect(remark).toContain(`cannot update "${key}"`)
  })
})

describe('the section guard of the access file', () => {
  const guarded = (takeOver: string) => `profile: open
networks: { pods: 10.1.0.0/16, clients: 10.0.0.0/8 }
rules: [{ allow: [register], from: pods }, { allow: [lookup], from: clients }]
guard: { takeOver: ${takeOver} }
`

  test('comes before registrationGuard, and a network of brokers owns them together', async () => {
    const { path, time, connect } = await startWith(guarded('refuse'), {
      registrationGuard: 'off',
      proxyProtocolTrustedNetworks: '127.0.0.0/8',
    })
    const register = async (host: string): Promise<number> => {
      const client = await connect()
      client.send(proxyV1(host, 40_000))
      const request = registration({ name: 'broker-a', address: `${host}:10911`, id: 0 })
      const extFields = { ...request.extFields, haServerAddr: `${host}:10912` }
      return headerOf(await client.request({ ...request, extFields })).code
    }
    expect(await register('10.1.0.5')).toBe(0)
    expect(await register('10.1.0.6')).toBe(0)
    expect(await register('10.2.0.7')).toBe(16)
    expect(await register('10.3.0.8')).toBe(16)
    writeFileSync(path, guarded('off'))
    time.advance(2_000)
    expect(await register('10.3.0.8')).toBe(0)
  })
})
