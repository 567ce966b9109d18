import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../../scripts/support/ports.ts'
import { headerOf } from '../../support/raw-client.ts'
import { getKVConfig } from '../../support/requests.ts'
import { startServer, temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startScripted } from '../scripted-name-server.ts'
import { startWithoutViews } from '../without-views.ts'

/** A server with entries `[namespace, key, value]`. */
async function serverWith(...entries: readonly (readonly [string, string, string])[]) {
  const kvConfigPath = join(temporaryFolder(), 'kvConfig.json')
  const configTable: Record<string, Record<string, string>> = {}
  for (const [namespace, key, value] of entries)
    configTable[namespace] = { ...configTable[namespace], [key]: value }
  writeFileSync(kvConfigPath, JSON.stringify({ configTable }))
  const { port, connect } = await startServer({ kvConfigPath })
  const client = await connect()
  const valueAt = async (namespace: string, key: string) =>
    headerOf(await client.request(getKVConfig(namespace, key))).extFields?.['value']
  return { address: `127.0.0.1:${port}`, port, valueAt }
}

const ORDER = ['ORDER_TOPIC_CONFIG', 'TopicA', 'broker-a:4'] as const

describe('kv list', () => {
  test('shows the entries of all namespaces, page by page, with names from strangers made visible', async () => {
    const many = Array.from({ length: 1_001 }, (_, index) => ['many', `k${index}`, 'v'] as const)
    const { address } = await serverWith(ORDER, ['odd', 'a\u001b[31m', '中\u202e'], ...many)
    const { code, stdout, stderr } = await runCli(['kv', 'list', '-n', address])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^NAMESPACE +KEY +VALUE\n/)
    expect(stdout).toMatch(/^ORDER_TOPIC_CONFIG +TopicA +broker-a:4$/m)
    expect(stdout).toMatch(/^odd +a\\u001b\[31m +中\\u202e$/m)
    expect(stdout.trimEnd().split('\n')).toHaveLength(1_004)
  })

  test('shows one namespace, in every format', async () => {
    const { address } = await serverWith(ORDER, ['other', 'k', 'v'])
    const list = (format: string) => runCli(['kv', 'list', 'ORDER_TOPIC_CONFIG', '-n', address, '-o', format])
    const item = { namesrv: address, namespace: ORDER[0], key: ORDER[1], value: ORDER[2] }
    expect(JSON.parse((await list('json')).stdout)).toEqual({ items: [item], errors: [] })
    expect(JSON.parse((await list('jsonl')).stdout)).toEqual(item)
    expect((await list('yaml')).stdout).toContain('value: "broker-a:4"\n')
    expect((await list('name')).stdout).toBe('ORDER_TOPIC_CONFIG/TopicA\n')
    expect((await list('wide')).stdout).toMatch(/^NAMESPACE/)
  })

  test('is not cut on a terminal that does not know its width', async () => {
    const { address } = await serverWith(ORDER)
    const { stdout } = await runCli(['kv', 'list', '-n', address], { isTTY: true, columns: 0 })
    expect(stdout).toContain('broker-a:4\n')
  })

  test('ends with 1 for a namespace that does not exist', async () => {
    const { address } = await serverWith(ORDER)
    expect(await runCli(['kv', 'list', 'none', '-n', address])).toEqual({
      code: 1,
      stdout: '',
      stderr: `mqnamesrv: no namespace "none" on ${address}\n`,
    })
  })

  test('shows only ORDER_TOPIC_CONFIG of a NameServer that cannot list namespaces, and says so', async () => {
    const { port } = await serverWith(ORDER, ['other', 'k', 'v'])
    const address = await startWithoutViews(port)
    const { code, stdout, stderr } = await runCli(['kv', 'list', '-n', address, '-o', 'name'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ORDER_TOPIC_CONFIG/TopicA\n' })
    expect(stderr).toMatch(/^\S+ does not list its namespaces: only ORDER_TOPIC_CONFIG is shown/)
  })
})

describe('kv get', () => {
  test('prints nothing but the value of a single NameServer', async () => {
    const { address } = await serverWith(ORDER)
    expect(await runCli(['kv', 'get', ORDER[0], ORDER[1], '-n', address])).toEqual({
      code: 0,
      stdout: 'broker-a:4\n',
      stderr: '',
    })
  })

  test('ends with 1 if any NameServer does not have the entry, and shows those that have', async () => {
    const [a, b] = [await serverWith(ORDER), await serverWith()]
    const both = `${a.address};${b.address}`
    const { code, stdout, stderr } = await runCli(['kv', 'get', ORDER[0], ORDER[1], '-n', both])
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `NAMESRV${' '.repeat(a.address.length - 7)}  VALUE\n${a.address}  broker-a:4\n`,
    })
    expect(stderr).toBe(`mqnamesrv: no entry "TopicA" in "ORDER_TOPIC_CONFIG" on ${b.address}\n`)
    const none = await runCli(['kv', 'get', 'x', 'y', '-n', both, '--json'])
    expect(none.code).toBe(1)
    expect(JSON.parse(none.stdout).errors[0]).toMatchObject({ code: 'not_found', namesrv: a.address })
  })
})

describe('kv set', () => {
  test('sets the value on every NameServer, and reports what it was', async () => {
    const [a, b] = [await serverWith(['n', 'k', 'old']), await serverWith()]
    const both = `${a.address};${b.address}`
    const { code, stdout, stderr } = await runCli(['kv', 'set', 'n', 'k', 'new', '-n', both, '-y', '--json'])
    expect(code).toBe(0)
    const entry = { namespace: 'n', key: 'k', value: 'new', result: 'set' }
    expect(JSON.parse(stdout).items).toEqual([
      { namesrv: a.address, ...entry, previous: 'old' },
      { namesrv: b.address, ...entry, previous: null },
    ])
    expect(stderr).toBe(
      `${a.address}: "k" of "n" will be set to "new" (was "old")\n${b.address}: "k" of "n" will be set to "new" (new)\n`,
    )
    expect([await a.valueAt('n', 'k'), await b.valueAt('n', 'k')]).toEqual(['new', 'new'])
  })

  test('changes nothing without -y or a person who says yes', async () => {
    const { address, valueAt } = await serverWith()
    const set = ['kv', 'set', 'n', 'k', 'v', '-n', address]
    expect(await runCli(set)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('confirm it with -y'),
    })
    const no = await runCli(set, { isTTY: true, input: 'n\n' })
    expect(no).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing was changed') })
    // At the end of the input, and at Ctrl-C, which ends the line at the prompt.
    for (const [input, code] of [
      ['', 1],
      ['y\x03', 130],
    ] as const) {
      const { stderr, ...left } = await runCli([...set, '--json'], { isTTY: true, input })
      expect(left.code).toBe(code)
      expect(stderr).toMatch(/\nmqnamesrv: nothing was changed\n$/)
      expect(JSON.parse(left.stdout).errors[0].code).toBe(code === 130 ? 'interrupted' : 'failed')
    }
    expect(await valueAt('n', 'k')).toBeUndefined()
    expect(await runCli(set, { isTTY: true, input: 'y\n' })).toMatchObject({ code: 0 })
    expect(await valueAt('n', 'k')).toBe('v')
  })

  test('asks nothing if the value is there already', async () => {
    const { address } = await serverWith(['n', 'k', 'v'])
    expect(await runCli(['kv', 'set', 'n', 'k', 'v', '-n', address, '--no-headers'])).toEqual({
      code: 0,
      stdout: `${address}  unchanged  n  k  v\n`,
      stderr: '',
    })
  })

  test('changes those that respond, says before which one does not, and ends with 5', async () => {
    const { address, valueAt } = await serverWith()
    const dead = `127.0.0.1:${await freePort()}`
    const { code, stdout, stderr } = await runCli([
      'kv',
      'set',
      'n',
      'k',
      'v',
      '-n',
      `${dead};${address}`,
      '-y',
    ])
    expect(code).toBe(5)
    expect(stdout).toContain(`${address}  set`)
    expect(stdout).not.toContain(dead)
    expect(stderr).toMatch(new RegExp(`^${dead}: not changed: connection to ${dead} failed`, 'm'))
    expect(stderr).toMatch(new RegExp(`^mqnamesrv: connection to ${dead} failed`, 'm'))
    expect(await valueAt('n', 'k')).toBe('v')
  })
})

describe('kv delete', () => {
  test('deletes the entry where it is', async () => {
    const [a, b] = [await serverWith(ORDER), await serverWith()]
    const both = `${a.address};${b.address}`
    const { code, stdout } = await runCli(['kv', 'delete', ORDER[0], ORDER[1], '-n', both, '-y'])
    expect(code).toBe(5)
    expect(stdout).toContain(`${a.address}  deleted  ORDER_TOPIC_CONFIG  TopicA`)
    expect(await a.valueAt(ORDER[0], ORDER[1])).toBeUndefined()
    const again = await runCli(['kv', 'delete', ORDER[0], ORDER[1], '-n', both, '-y'])
    expect(again).toMatchObject({ code: 1, stdout: '' })
  })

  test('deletes several entries, and reports each', async () => {
    const { address, valueAt } = await serverWith(['n', 'a', '1'], ['n', 'b', '2'])
    const { code, stdout, stderr } = await runCli([
      'kv',
      'delete',
      'n',
      'a',
      'x',
      'b',
      '-n',
      address,
      '-y',
      '--json',
    ])
    expect(code).toBe(5)
    expect(JSON.parse(stdout)).toMatchObject({
      items: [
        { key: 'a', previous: '1', result: 'deleted' },
        { key: 'b', previous: '2', result: 'deleted' },
      ],
      errors: [{ code: 'not_found', message: `no entry "x" in "n" on ${address}` }],
    })
    expect(stderr).toContain(`${address}: not changed: no entry "x" in "n" on ${address}\n`)
    expect([await valueAt('n', 'a'), await valueAt('n', 'b')]).toEqual([undefined, undefined])
  })
})

describe('a change of the key-value table', () => {
  const set = (address: string) => runCli(['kv', 'set', 'n', 'k', 'v', '-n', address, '-y'])
  const remove = (address: string) => runCli(['kv', 'delete', 'n', 'k', '-n', address, '-y'])

  test('fails if it reads back as something else', async () => {
    const { address } = await startScripted({ 101: { ext: { value: 'other' } } })
    expect(await set(address)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('mqnamesrv: after the change the value is "other"\n'),
    })
    expect(await remove(address)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('mqnamesrv: after the deletion the value is "other"\n'),
    })
  })

  test('may have been made if the connection is lost before the response', async () => {
    const { address } = await startScripted({ 101: { code: 22 }, 100: 'close' })
    const { code, stderr } = await set(address)
    expect(code).toBe(3)
    expect(stderr).toMatch(/; it may have been changed\n$/)
  })

  test('that fails in part says of which entry the failure is', async () => {
    const { address } = await startScripted({
      101: (_, before) => (before < 20 ? { ext: { value: 'v' } } : { code: 22 }),
      102: ({ key }) => (key === 'k7' ? { code: 1, remark: 'disk full' } : {}),
    })
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    const { code, stdout, stderr } = await runCli([
      'kv',
      'delete',
      'n',
      ...keys,
      '-n',
      address,
      '-y',
      '--json',
    ])
    expect(code).toBe(5)
    const { items, errors } = JSON.parse(stdout) as { items: { key: string }[]; errors: object[] }
    expect(items.map(({ key }) => key)).toEqual(keys.filter((key) => key !== 'k7'))
    expect(errors).toEqual([{ namesrv: address, code: 'failed', message: '"k7": disk full' }])
    expect(stderr).toMatch(/^mqnamesrv: "k7": disk full$/m)
  })

  test('that is interrupted reports what was changed, and what may have been', async () => {
    const interrupts = new AbortController()
    const unchanged = await startScripted({ 101: { ext: { value: 'v' } } })
    const slow = await startScripted({
      101: { code: 22 },
      100: () => {
        interrupts.abort()
        return 'nothing'
      },
    })
    const both = `${unchanged.address};${slow.address}`
    const argv = ['kv', 'set', 'n', 'k', 'v', '-n', both, '-y', '--timeout', '1h', '--json']
    const { code, stdout, stderr } = await runCli(argv, { interrupts: interrupts.signal })
    expect(code).toBe(5)
    expect(JSON.parse(stdout)).toMatchObject({
      items: [{ namesrv: unchanged.address, result: 'unchanged' }],
      errors: [{ namesrv: slow.address, code: 'failed', message: 'interrupted; it may have been changed' }],
    })
    expect(stderr).toContain(`mqnamesrv: ${slow.address}: interrupted; it may have been changed\n`)
  })

  test('of many names that is interrupted sends no further requests, and says what was not changed', async () => {
    const interrupts = new AbortController()
    const { address, codes } = await startScripted({
      101: { ext: { value: 'v' } },
      102: () => {
        interrupts.abort()
        return 'nothing'
      },
    })
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    const argv = ['kv', 'delete', 'n', ...keys, '-n', address, '-y', '--timeout', '1h', '--json']
    const { code, stdout } = await runCli(argv, { interrupts: interrupts.signal })
    expect(code).toBe(1)
    const { errors } = JSON.parse(stdout) as { errors: { message: string }[] }
    const maxSent = 8
    expect(codes().filter((each) => each === 102).length).toBeLessThanOrEqual(maxSent)
    expect(errors.map(({ message }) => message)).toEqual(
      keys.map((key, index) =>
        index < maxSent
          ? `"${key}": interrupted; it may have been changed`
          : `"${key}": interrupted; not changed`,
      ),
    )
  })

  test('was not made if the server is shutting down', async () => {
    const { address } = await startScripted({ 101: { code: 22 }, 100: { code: 1500 } })
    const { code, stderr } = await set(address)
    expect(code).toBe(3)
    expect(stderr).toMatch(/^mqnamesrv: .* is shutting down$/m)
  })

  test('fails with the reason of the server', async () => {
    const failing = await startScripted({ 101: { code: 22 }, 100: { code: 1, remark: 'disk full' } })
    expect((await set(failing.address)).stderr).toMatch(/^mqnamesrv: disk full$/m)
    const denying = await startScripted({ 101: { code: 16, remark: 'not you' } })
    expect(await remove(denying.address)).toEqual({ code: 4, stdout: '', stderr: 'mqnamesrv: not you\n' })
  })

  test('has the names of its entry as its name', async () => {
    const { address } = await serverWith()
    const named = (...words: string[]) => runCli(['kv', ...words, '-n', address, '-o', 'name'])
    expect((await named('set', 'n', 'k', 'v', '-y')).stdout).toBe('n/k\n')
    expect((await named('get', 'n', 'k')).stdout).toBe('n/k\n')
    expect((await named('delete', 'n', 'k', '-y')).stdout).toBe('n/k\n')
  })
})
