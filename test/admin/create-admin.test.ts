import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type Admin,
  AdminError,
  type AdminOptions,
  createAdmin,
  type Namesrv,
  startNamesrv,
} from '../../src/index.ts'
import { type Scripted, startScripted } from '../cli/scripted-name-server.ts'
import { certificateAuthority, writeIdentity } from '../support/certificates.ts'
import { startFakePeer } from '../support/fake-peer.ts'
import { frame, RawClient } from '../support/raw-client.ts'
import { registration } from '../support/requests.ts'
import { temporaryFolder } from '../support/start-server.ts'

function adminOf(namesrvAddr: string, options: Partial<AdminOptions> = {}): Admin {
  const admin = createAdmin({ namesrvAddr, ...options })
  onTestFinished(() => admin.close())
  return admin
}

/** A server with a broker that has the topics TopicA and TopicB, and a client of it. */
async function clusterOfOne(): Promise<{ ns: Namesrv; admin: Admin }> {
  const ns = await startNamesrv({ listenPort: 0 })
  const broker = await RawClient.connect(ns.port)
  onTestFinished(async () => {
    broker.socket.destroy()
    await ns.shutdown()
  })
  await broker.request(registration())
  return { ns, admin: adminOf(ns.address) }
}

describe('an admin of this server', () => {
  it('reads routes, topics and brokers', async () => {
    const { admin } = await clusterOfOne()
    expect(await admin.route('TopicA', { version: '4.9.7' })).toEqual({
      groups: [
        {
          brokerName: 'broker-a',
          cluster: 'DefaultCluster',
          zone: null,
          brokers: [{ brokerId: 0, address: '127.0.0.1:10911' }],
        },
      ],
      queues: [{ brokerName: 'broker-a', readQueues: 4, writeQueues: 4, perm: 6 }],
      orderConf: null,
    })
    expect(await admin.route('TopicC')).toBeUndefined()
    expect(await admin.topics()).toEqual(expect.arrayContaining(['TopicA', 'TopicB']))
    expect(await admin.topics({ cluster: 'Other' })).toEqual([])
    expect(await admin.brokers()).toMatchObject([
      { brokerName: 'broker-a', topics: 2, members: [{ brokerId: 0, state: 'alive' }] },
    ])
    await expect(admin.brokers({ cluster: 'Other' })).rejects.toMatchObject({ code: 'not_found' })
  })

  it('takes write permission away and gives it back', async () => {
    const { admin } = await clusterOfOne()
    const perms = async () => (await admin.route('TopicA'))?.queues.map(({ perm }) => perm)
    expect(await admin.wipeWritePermission('broker-a')).toBe(2)
    expect(await perms()).toEqual([4])
    expect(await admin.restoreWritePermission('broker-a')).toBe(2)
    expect(await perms()).toEqual([6])
    await expect(admin.wipeWritePermission('broker-b')).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('did you mean broker-a?'),
    })
  })

  it('deletes a topic', async () => {
    const { admin } = await clusterOfOne()
    await admin.deleteTopic('TopicA', { cluster: 'DefaultCluster' })
    expect(await admin.topics()).not.toContain('TopicA')
    await expect(admin.deleteTopic('TopicA')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('sets, lists and deletes entries of the key-value table', async () => {
    const { admin } = await clusterOfOne()
    expect(await admin.listKV('ns')).toBeUndefined()
    await admin.putKV('ns', 'key', 'value')
    expect(await admin.getKV('ns', 'key')).toBe('value')
    expect(await admin.listKV('ns')).toEqual(new Map([['key', 'value']]))
    await admin.deleteKV('ns', 'key')
    expect(await admin.getKV('ns', 'key')).toBeUndefined()
    await expect(admin.deleteKV('ns', 'key')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('reads and updates the configuration', async () => {
    const { admin } = await clusterOfOne()
    expect(await admin.updateConfig({ orderMessageEnable: true, waitSecondsForService: '7' })).toContain(
      'in effect until this server stops',
    )
    const keys = await admin.config()
    expect(keys.filter(({ key }) => /^(orderMess|waitSec)/.test(key))).toMatchObject([
      { value: true },
      { value: 7 },
    ])
    expect(await admin.updateConfig({})).toBeNull()
    await expect(admin.updateConfig({ waitSecondsForService: 700 })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('from 0 to 600'),
    })
  })

  it('reads views', async () => {
    const { ns, admin } = await clusterOfOne()
    const path = '/api/v1/brokers/{name}/topics'
    expect(await admin.view(path, { name: 'broker-a' })).toEqual(await ns.view(path, { name: 'broker-a' }))
    await expect(admin.view(path, { name: 'broker-z' })).rejects.toMatchObject({ code: 'not_found' })
    for (const parameters of [undefined, null, {}, { name: undefined }, { name: '' }])
      await expect(admin.view(path, parameters as unknown as { name: string })).rejects.toMatchObject({
        name: 'AdminError',
        code: 'usage',
        message: `${path}: the parameter name is missing or empty; give { name }`,
      })
    const wrong = admin.view('/api/v1/topics', { limit: 0 })
    await expect(wrong).rejects.toThrow(AdminError)
    await expect(wrong).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/^limit="0"/) })
  })
})

describe('an admin of Java’s NameServer', () => {
  const BROKERS: Scripted = {
    body: '{"brokerAddrTable":{"b":{"brokerAddrs":{0:"10.0.0.1:10911"},"brokerName":"b","cluster":"c"}},"clusterAddrTable":{"c":["b"]}}',
  }

  it('has brokers without states, and no views', async () => {
    const { address } = await startScripted({ 106: BROKERS })
    const admin = adminOf(address)
    expect(await admin.brokers()).toMatchObject([
      { brokerName: 'b', topics: null, members: [{ brokerId: 0, address: '10.0.0.1:10911', state: null }] },
    ])
    await expect(admin.view('/api/v1/status')).rejects.toMatchObject({ code: 'not_supported' })
  })

  it.each(['{}', 'null', '[]'])(
    'rejects with a code if code 1450 is something else there: %s',
    async (body) => {
      const { address } = await startScripted({ 1450: { body } })
      const admin = adminOf(address)
      for (const ask of [() => admin.brokers(), () => admin.config(), () => admin.deleteTopic('TopicA')])
        await expect(ask()).rejects.toMatchObject({ name: 'AdminError', code: 'protocol' })
    },
  )

  it('rejects an update that it accepted and ignored', async () => {
    const { address } = await startScripted({ 319: { body: 'orderMessageEnable=false\n' } })
    await expect(adminOf(address).updateConfig({ orderMessageEnable: true })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('accepted orderMessageEnable and did not change it'),
    })
  })

  it.each([' a', 'a\t'])('is sent no value of the configuration with outer spaces: %j', async (value) => {
    const { address, codes } = await startScripted({})
    await expect(adminOf(address).updateConfig({ productEnvName: value })).rejects.toMatchObject({
      code: 'usage',
      message: `productEnvName=${JSON.stringify(value)} begins or ends with white space, which a NameServer does not keep; leave it out`,
    })
    expect(codes()).toEqual([])
  })

  it('says that a change without a response may have been made', async () => {
    const { address } = await startScripted({ 100: 'close' })
    await expect(adminOf(address).putKV('ns', 'key', 'value')).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/; it may have been changed$/),
    })
  })
})

describe('the connection of an admin', () => {
  it('is signed with an account', async () => {
    const { address, received } = await startFakePeer(({ socket }) => socket.destroy())
    const admin = adminOf(address, { credentials: { accessKey: 'admin', secretKey: 'secret' } })
    await expect(admin.getKV('ns', 'key')).rejects.toMatchObject({ code: 'unreachable' })
    expect(received[0]?.header.extFields).toMatchObject({ AccessKey: 'admin', Signature: expect.any(String) })
  })

  it('rejects with a code if nothing listens there, or nothing responds in time', async () => {
    const ns = await startNamesrv({ listenPort: 0 })
    await ns.shutdown()
    await expect(adminOf(ns.address).topics()).rejects.toMatchObject({ code: 'unreachable' })
    const { address } = await startFakePeer(() => {})
    await expect(adminOf(address, { timeoutMs: 1 }).topics()).rejects.toMatchObject({ code: 'timeout' })
  })

  it('is opened again after a request to which nothing at all came back', async () => {
    const peer = await startFakePeer(({ socket, header: { opaque } }) => {
      if (peer.accepted() === 1) return
      const header = { code: 0, flag: 1, language: 'JAVA', opaque, version: 513 }
      socket.write(frame(JSON.stringify(header), '{"topicList":["TopicA"]}'))
    })
    const admin = adminOf(peer.address, { timeoutMs: 100 })
    await expect(admin.topics()).rejects.toMatchObject({ code: 'timeout' })
    expect(await admin.topics()).toEqual(['TopicA'])
    expect(peer.sockets.size).toBe(1)
  })

  it('rejects what is too long to be sent', async () => {
    const { address } = await startFakePeer(() => {})
    await expect(adminOf(address).putKV('ns', 'key', 'x'.repeat(64 << 20))).rejects.toMatchObject({
      name: 'AdminError',
      code: 'failed',
      message: expect.stringContaining('64 MiB'),
    })
  })

  it('rejects requests under way when it is closed, and connects again afterwards', async () => {
    let onRequest = (): void => {}
    const requested = new Promise<void>((resolve) => {
      onRequest = resolve
    })
    const { address } = await startFakePeer(() => onRequest())
    const admin = adminOf(address)
    const asked = admin.topics()
    await requested
    admin.close()
    const next = admin.topics()
    await expect(asked).rejects.toMatchObject({
      code: 'interrupted',
      message: `closed before ${address} responded`,
    })
    admin.close()
    await expect(next).rejects.toMatchObject({ code: 'interrupted' })
  })
})

describe('options of an admin that cannot be used', () => {
  it.each<[string, object, string]>([
    ['misspelt', { timeout: 5 }, 'no option "timeout"; did you mean timeoutMs?'],
    ['misspelt in tls', { tls: { CA: 'x' } }, 'no option "tls.CA"; did you mean ca?'],
    ['misspelt in credentials', { credentials: { accessKy: 'x' } }, 'did you mean accessKey?'],
    ['no object in tls', { tls: null }, 'createAdmin: tls must be an object, not null'],
    [
      'a text in credentials',
      { credentials: 'key' },
      'createAdmin: credentials must be an object, not "key"',
    ],
    [
      'credentials without a secret key',
      { credentials: { accessKey: 'x' } },
      'createAdmin: credentials.secretKey must be a string, not undefined',
    ],
    [
      'credentials with an empty key',
      { credentials: { accessKey: '', secretKey: 'x' } },
      'createAdmin: credentials.accessKey is empty',
    ],
    ['no PEM in tls', { tls: { ca: 5 } }, 'createAdmin: tls.ca must be PEM as text or bytes, not 5'],
    [
      'no text for a name in tls',
      { tls: { ca: 'x', serverName: 5 } },
      'createAdmin: tls.serverName must be a string, not 5',
    ],
    ['a list in place of options of tls', { tls: [] }, 'createAdmin: tls must be an object, not an array'],
    ['a URL', { namesrvAddr: 'http://host:9876' }, '"http://host:9876" is not a NameServer address'],
  ])('%s', (_, options, message) => {
    const create = () => createAdmin({ namesrvAddr: '127.0.0.1', ...options })
    expect(create).toThrow(AdminError)
    expect(create).toThrow(message)
  })
})

describe('an argument of a method that cannot be used', () => {
  it.each<[string, (admin: Admin) => Promise<unknown>, string]>([
    [
      'is a misspelt cluster, which would restrict nothing',
      (admin) => admin.deleteTopic('TopicA', { clutser: 'c' } as object),
      'deleteTopic: no option "clutser"; did you mean cluster?',
    ],
    [
      'is a cluster in place of options',
      (admin) => admin.topics('c' as unknown as object),
      'topics: the options must be an object, not "c"',
    ],
    ['is an empty cluster', (admin) => admin.brokers({ cluster: '' }), 'brokers: cluster is empty'],
    [
      'is no release',
      (admin) => admin.route('TopicA', { version: 5 } as object),
      'route: version must be a string, not 5',
    ],
    ['is a missing topic', (admin) => admin.route('' as string), 'route: topic is empty'],
    [
      'is a missing broker group',
      (admin) => admin.wipeWritePermission(undefined as unknown as string),
      'wipeWritePermission: brokerName must be a string, not undefined',
    ],
    [
      'is a missing value, which would be stored as a word',
      (admin) => admin.putKV('ns', 'key', undefined as unknown as string),
      'putKV: value must be a string, not undefined',
    ],
    [
      'is no value of the configuration',
      (admin) => admin.updateConfig({ orderMessageEnable: undefined as unknown as string }),
      'updateConfig: orderMessageEnable must be a string, number or boolean, not undefined',
    ],
    [
      'is no set of keys',
      (admin) => admin.updateConfig(null as unknown as object as Record<string, string>),
      'updateConfig: the keys must be an object, not null',
    ],
    [
      'is a list, which has no keys',
      (admin) => admin.updateConfig(['a=b'] as unknown as Record<string, string>),
      'updateConfig: the keys must be an object, not an array',
    ],
  ])('%s: nothing is sent', async (_, ask, message) => {
    const { address, codes } = await startScripted({})
    await expect(ask(adminOf(address))).rejects.toMatchObject({ name: 'AdminError', code: 'usage', message })
    expect(codes()).toEqual([])
  })
})

describe('TLS of an admin', () => {
  it('checks the certificate by the given authority, and the name that it must have', async () => {
    const authority = certificateAuthority('our authority')
    const { keyPath, certPath } = writeIdentity(
      temporaryFolder(),
      'server',
      authority.issue('namesrv.example.com'),
    )
    const ns = await startNamesrv({
      listenPort: 0,
      'tls.server.mode': 'enforcing',
      'tls.test.mode.enable': false,
      'tls.server.keyPath': keyPath,
      'tls.server.certPath': certPath,
    })
    onTestFinished(() => ns.shutdown())
    const codes = [
      await outcome(ns, undefined),
      await outcome(ns, true),
      await outcome(ns, { ca: authority.cert }),
      await outcome(ns, { ca: authority.cert, serverName: 'namesrv.example.com' }),
      await outcome(ns, { ca: certificateAuthority('another').cert, serverName: 'namesrv.example.com' }),
    ]
    expect(codes).toEqual([
      expect.stringMatching(/^unreachable: .* use tls\)$/),
      'connected',
      expect.stringMatching(/^tls: /),
      'connected',
      expect.stringMatching(/^tls: /),
    ])
  })

  async function outcome({ address }: Namesrv, tls: AdminOptions['tls']): Promise<string> {
    return adminOf(address, { tls })
      .topics()
      .then(
        () => 'connected',
        ({ code, message }: AdminError) => `${code}: ${message}`,
      )
  }
})

describe('options of createAdmin that are no object', () => {
  it.each([[null], [undefined], ['127.0.0.1:9876']])('are rejected with a code: %j', (options) => {
    const create = () => createAdmin(options as unknown as AdminOptions)
    expect(create).toThrow(AdminError)
    expect(create).toThrow(/^createAdmin: the options must be an object, not /)
  })
})

describe('an option of createAdmin that cannot be used', () => {
  it.each<[string, object, string]>([
    [
      'names the nearest one',
      { namesrvAdr: 'a' },
      'createAdmin: no option "namesrvAdr"; did you mean namesrvAddr?',
    ],
    ['is missing', { namesrvAddr: undefined }, 'createAdmin: namesrvAddr is missing; give host:port'],
    ['is no address', { namesrvAddr: 'a:b' }, '"a:b" is not a NameServer address (host:port)'],
    [
      'names several NameServers',
      { namesrvAddr: 'a;b' },
      'createAdmin: namesrvAddr "a;b" has several NameServers; create an admin for each',
    ],
    [
      'is out of range',
      { namesrvAddr: 'a', timeoutMs: 0 },
      'createAdmin: timeoutMs 0 must be from 1 to 2147483647 ms',
    ],
    ['is half of an identity', { namesrvAddr: 'a', tls: { cert: 'x' } }, 'cert and key belong together'],
    [
      'would check no certificate',
      { namesrvAddr: 'a', tls: { serverName: 'x' } },
      'serverName needs ca: without it no certificate is checked',
    ],
  ])('%s', (_, options, message) => {
    const create = () => createAdmin(options as AdminOptions)
    expect(create).toThrow(AdminError)
    expect(create).toThrow(message)
  })
})
