import { describe, expect, test } from 'vitest'
import { requestFrame } from '../../support/raw-client.ts'
import { lookup, registration } from '../../support/requests.ts'
import { startServer } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startScripted } from '../scripted-name-server.ts'
import { startWithoutViews } from '../without-views.ts'

/** A server with a client of 4.9.7 and a broker of 5.5.0, which connected in this order. */
async function serverWithPeers() {
  const { port, connect, controller } = await startServer()
  const [client, broker] = [await connect(), await connect()]
  client.send(requestFrame({ ...lookup('TopicA'), version: 407 }))
  await client.next()
  await broker.request(registration())
  return { address: `127.0.0.1:${port}`, port, client, broker, controller, connect }
}

const rowsOf = (text: string) => text.split('\n').map((line) => line.trim().split(/ {2,}/))

describe('conn list', () => {
  test('shows open connections, the one of the command itself among them', async () => {
    const { address, client, broker } = await serverWithPeers()
    const { code, stdout } = await runCli(['conn', 'list', '-n', address])
    expect(code).toBe(0)
    const [head, ...rows] = rowsOf(stdout)
    expect(head).toEqual(['ID', 'ADDRESS', 'KIND', 'VERSION', 'IDLE', 'REQUESTS', 'IN', 'OUT'])
    expect(rows[0]?.slice(0, 6)).toEqual(['1', client.address, 'client', 'V4_9_7', '0s', '1'])
    expect(rows[1]?.slice(0, 4)).toEqual(['2', broker.address, 'broker', 'V5_5_0'])
    expect(rows[2]?.[2]).toBe('this command')
    for (const each of [address, `${address};127.0.0.1:${(await serverWithPeers()).port}`]) {
      const terminal = await runCli(['conn', 'list', '-n', each], { isTTY: true, columns: 80 })
      expect(terminal.stdout).not.toContain('…')
    }
  })

  test('filters, sorts and says how many more there are', async () => {
    const { address, client } = await serverWithPeers()
    const list = ['conn', 'list', '-n', address, '-o', 'name']
    expect((await runCli([...list, '--kind', 'broker'])).stdout).toBe('2\n')
    expect((await runCli([...list, '--address', client.address])).stdout).toBe('1\n')
    const first = await runCli([...list, '--sort', 'opened', '--limit', '1'])
    expect(first.stderr).toBe(`${address}: 2 more connections (--limit)\n`)
    expect(Number(first.stdout)).toBeGreaterThan(2)
    expect(await runCli([...list, '--limit', '0'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--limit "0" is not a number from 1 to 4096'),
    })
  })

  test('shows why connections have closed', async () => {
    const { address, client, connect } = await serverWithPeers()
    client.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    await client.closed
    const argv = ['conn', 'list', '--state', 'closed', '-n', address]
    const { stdout } = await runCli(argv, { isTTY: true, columns: 80 })
    expect(rowsOf(stdout).flat()).toEqual(expect.arrayContaining(['CLOSED', 'invalid_frame']))
    await connect()
    const wide = await runCli(['conn', 'list', '--state', 'all', '-n', address, '-o', 'wide'])
    expect(rowsOf(wide.stdout)[0]).toEqual(expect.arrayContaining(['CAUSE', 'DETAIL', 'TLS', 'PROXIED']))
  })
})

test('conn report counts connections by the programs at their other ends', async () => {
  const { address } = await serverWithPeers()
  const { code, stdout, stderr } = await runCli(['conn', 'report', '-n', address])
  expect(code).toBe(0)
  expect(rowsOf(stdout)).toEqual(
    expect.arrayContaining([
      ['KIND', 'LANGUAGE', 'VERSION', 'CONNECTIONS', 'HOSTS'],
      ['client', 'JAVA', 'V4_9_7', '1', '127.0.0.1'],
      ['broker', 'JAVA', 'V5_5_0', '1', '127.0.0.1'],
    ]),
  )
  expect(stderr).toBe(`${address}: 3 open connections, 0 over TLS\n`)
})

test.each(['list', 'report', 'kick 7 -y'])('conn %s says so where there are no views', async (words) => {
  const { port } = await startServer()
  const address = await startWithoutViews(port)
  const { code, stderr } = await runCli(['conn', ...words.split(' '), '-n', address])
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `mqnamesrv: ${address} is not mqnamesrv: it cannot show this\n`,
  })
})

describe('conn kick', () => {
  test('closes a connection by its id, after saying which, and leaves the others', async () => {
    const { address, client, broker } = await serverWithPeers()
    const { code, stdout, stderr } = await runCli(['conn', 'kick', '1', '-n', address, '-y', '--no-headers'])
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `${address}  closed  1  ${client.address}  client\n`,
      stderr: `${address}: connection 1 of client ${client.address} will be closed\n`,
    })
    await client.closed
    expect((await broker.request(lookup('TopicA'))).body.length).toBeGreaterThan(0)
  })

  test('closes all connections of a host but its own, and says what becomes of brokers', async () => {
    const { address, client, broker } = await serverWithPeers()
    const { code, stdout, stderr } = await runCli([
      'conn',
      'kick',
      '--address',
      '127.0.0.1',
      '-n',
      address,
      '-y',
      '--json',
    ])
    expect(code).toBe(0)
    expect(JSON.parse(stdout).items).toEqual([
      { namesrv: address, id: 1, address: client.address, kind: 'client', result: 'closed', error: null },
      { namesrv: address, id: 2, address: broker.address, kind: 'broker', result: 'closed', error: null },
    ])
    expect(stderr).toContain(
      `connection 2 of broker ${broker.address} will be closed: its brokers will be removed from the routes until they register again`,
    )
    await Promise.all([client.closed, broker.closed])
  })

  test('closes the connection of one port only', async () => {
    const { address, client } = await serverWithPeers()
    const kick = ['conn', 'kick', '--address', client.address, '-n', address, '-y', '-o', 'name']
    expect((await runCli(kick)).stdout).toBe('1\n')
  })

  test('closes those of several ids that are open, and never its own connection', async () => {
    const { address, client, broker } = await serverWithPeers()
    const listed = await runCli(['conn', 'list', '--kind', 'admin', '-n', address, '-o', 'name'])
    const own = `${Number(listed.stdout) + 1}`
    const kick = ['conn', 'kick', own, '1', '999', '2', '-n', address, '-y', '--json']
    const { code, stdout, stderr } = await runCli(kick)
    expect(code).toBe(5)
    expect(JSON.parse(stdout)).toMatchObject({
      items: [
        { id: 1, result: 'closed' },
        { id: 2, result: 'closed' },
      ],
      errors: [
        { code: 'not_found', message: `no open connection ${own} on ${address}` },
        { code: 'not_found', message: `no open connection 999 on ${address}` },
      ],
    })
    expect(stderr).toContain(`${address}: not changed: no open connection 999 on ${address}\n`)
    await Promise.all([client.closed, broker.closed])
  })

  test('ends with 1 if it closes none, and says what may have been closed', async () => {
    const connection = { id: 7, address: '10.0.0.1:1', kind: 'client', asking: false }
    const view = { body: JSON.stringify({ matching: 1, connections: [connection] }) }
    const { address } = await startScripted({ 1450: view, 1451: 'close' })
    const kick = ['conn', 'kick', '7', '-n', address, '-y', '-o', 'wide', '--no-headers']
    const { code, stdout } = await runCli(kick)
    expect([code, stdout]).toEqual([1, expect.stringMatching(/ failed .*; it may have been changed\n$/)])
  })

  test('closes none before a person has said yes', async () => {
    const { address, client } = await serverWithPeers()
    expect(await runCli(['conn', 'kick', '1', '-n', address])).toMatchObject({ code: 2 })
    expect((await client.request(lookup('TopicA'))).header.length).toBeGreaterThan(0)
  })

  test.each([
    [['999'], 1, 'no open connection 999 on'],
    [['998', '999'], 1, 'no open connection 999 on'],
    [['--address', '10.9.9.9'], 1, 'no open connection of 10.9.9.9 on'],
    [['--address', '::1'], 1, 'no open connection of ::1 on'],
    [['x1'], 2, '"x1" is not a connection id'],
    [[], 2, 'either by id or by --address'],
    [['1', '--address', '127.0.0.1'], 2, 'either by id or by --address'],
    [['1', '-n', 'a;b'], 2, 'ids belong to one NameServer'],
  ])('%j closes nothing, and ends with %i', async (words, code, message) => {
    const { address, client } = await serverWithPeers()
    const result = await runCli(['conn', 'kick', '-n', address, ...words, '-y'])
    expect(result.stderr).toContain(message)
    expect(result.code).toBe(code)
    expect((await client.request(lookup('TopicA'))).header.length).toBeGreaterThan(0)
  })
})

test('conn report says how many connections are of programs that are not shown', async () => {
  const client = {
    kind: 'client',
    language: 'GO',
    version: 1,
    versionName: 'V3_0_0',
    connections: 1,
    hosts: ['h'],
  }
  const kinds = [{ kind: 'client', tls: true, connections: 3 }]
  const body = JSON.stringify({ connections: 3, kinds, clients: [client], others: 2 })
  const { address } = await startScripted({ 1450: { body } })
  expect(await runCli(['conn', 'report', '-n', address, '-o', 'name'])).toEqual({
    code: 0,
    stdout: 'GO/V3_0_0\n',
    stderr: `${address}: 3 open connections, 3 over TLS\n${address}: 2 connections of programs that are not shown\n`,
  })
})

test('conn kick says which connections have gone by themselves, and which were not closed', async () => {
  const hosts = ['10.0.0.1', '[::ffff:10.0.0.1]', '10.0.0.1', '10.0.0.12']
  const connections = hosts.map((host, index) => ({
    ...{ id: index + 1, address: `${host}:${index + 1}`, kind: 'client', asking: false },
  }))
  const codes = new Map([
    ['1', 0],
    ['2', 22],
    ['3', 2],
  ])
  const { address } = await startScripted({
    1450: { body: JSON.stringify({ matching: 5, connections }) },
    1451: ({ connectionId = '' }) => ({ code: codes.get(connectionId) ?? 1, remark: 'busy' }),
  })
  const kick = ['conn', 'kick', '--address', '10.0.0.1', '-n', address, '-y', '-o', 'wide', '--no-headers']
  const { code, stdout, stderr } = await runCli(kick)
  expect(code).toBe(5)
  expect(stdout).toBe(
    `${address}  closed  1  10.0.0.1:1           client  -\n` +
      `${address}  gone    2  [::ffff:10.0.0.1]:2  client  -\n` +
      `${address}  failed  3  10.0.0.1:3           client  busy\n`,
  )
  expect(stderr).toContain(`${address}: only 4096 connections are closed at a time: run it again\n`)
})

test('a change of very many things shows the first of them before it asks', async () => {
  const connections = Array.from({ length: 25 }, (_, index) => ({
    ...{ id: index + 1, address: `10.0.0.1:${index + 1}`, kind: 'client', asking: false },
  }))
  const { address } = await startScripted({ 1450: { body: JSON.stringify({ matching: 25, connections }) } })
  const { stderr } = await runCli(['conn', 'kick', '--address', '10.0.0.1', '-n', address, '-y'])
  const lines = stderr.trim().split('\n')
  expect(lines).toHaveLength(21)
  expect(lines.at(-1)).toBe(`${address}: and 5 more`)
})
