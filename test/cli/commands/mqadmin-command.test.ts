import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../../scripts/support/ports.ts'
import { MQADMIN_COMMANDS } from '../../../src/cli/grammar/mqadmin.ts'
import { startFakePeer } from '../../support/fake-peer.ts'
import { frame, headerOf } from '../../support/raw-client.ts'
import { getKVConfig, lookup, putKVConfig, registration, type TestBroker } from '../../support/requests.ts'
import { startServer, temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startScripted } from '../scripted-name-server.ts'

/** A server with brokers. */
async function serverWith(...brokers: readonly TestBroker[]) {
  const { port, connect } = await startServer()
  const client = await connect()
  for (const broker of brokers) await client.request(registration(broker))
  return { address: `127.0.0.1:${port}`, client }
}

async function deadAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`
}

const refused = (address: string): string =>
  `mqnamesrv: connection to ${address} failed: connection refused (ECONNREFUSED)\n`

const mqadmin = (line: string, ...more: string[]) => runCli(['mqadmin', ...line.split(' '), ...more])

describe('mqadmin', () => {
  test('topicRoute prints the route as JSON and, with -l, as a table', async () => {
    const { address } = await serverWith({}, { id: 1, address: '127.0.0.1:10921' })
    const { code, stdout } = await mqadmin('topicRoute -t TopicA -n', address)
    expect(code).toBe(0)
    expect(stdout.split('\n').slice(0, 10)).toEqual([
      ...['{', '\t"brokerDatas":[', '\t\t{', '\t\t\t"brokerAddrs":{'],
      ...['\t\t\t\t0:"127.0.0.1:10911",', '\t\t\t\t1:"127.0.0.1:10921"', '\t\t\t},'],
      ...['\t\t\t"brokerName":"broker-a",', '\t\t\t"cluster":"DefaultCluster",'],
      '\t\t\t"enableActingMaster":false',
    ])
    const table = await mqadmin('topicRoute -lt TopicA -n', address)
    expect(table.stdout.split('\n').map((line) => line.trimEnd().split(/ {2,}/))).toEqual([
      ['#ClusterName', '#BrokerName', '#BrokerAddrs', '#ReadQueue #WriteQueue #Perm'],
      ['DefaultCluster', 'broker-a', '{0=127.0.0.1:10911, 1=127.0.0.1:10921}', '4', '4', '6'],
      ['-'.repeat(158)],
      ['Total:', '1', '4', '4'],
      [''],
    ])
  })

  test('topicRoute -l sorts by broker name, and sums the queues up', async () => {
    const { address } = await serverWith({ name: 'b', address: '127.0.0.1:2' }, { name: 'a' })
    const { stdout } = await mqadmin('topicRoute -l -t TopicA -n', address)
    const [, a, b, , total] = stdout.split('\n').map((line) => line.trimEnd().split(/ {2,}/))
    expect(a).toEqual(['DefaultCluster', 'a', '{0=127.0.0.1:10911}', '4', '4', '6'])
    expect(b).toEqual(['DefaultCluster', 'b', '{0=127.0.0.1:2}', '4', '4', '6'])
    expect(total).toEqual(['Total:', '2', '8', '8'])
  })

  test('topicList, topicClusterList and allocateMQ print names in the order of Java', async () => {
    const { address } = await serverWith({ topics: ['b', 'a', 'TopicA'] })
    expect((await mqadmin('topicList -n', address)).stdout).toBe('a\nb\nTopicA\n')
    expect((await mqadmin('topicClusterList -t a -n', address)).stdout).toBe('DefaultCluster\n')
    const { stdout } = await mqadmin('allocateMQ -t a -i y,x, -n', address)
    const queues = (...ids: number[]) =>
      ids.map((queueId) => ({ brokerName: 'broker-a', queueId, topic: 'a' }))
    expect(JSON.parse(stdout)).toEqual({ result: { x: queues(1, 0), y: queues(3, 2) } })
    expect(stdout.indexOf('"x"')).toBeLessThan(stdout.indexOf('"y"'))
  })

  test('allocateMQ has nothing to allocate if no queue can be read', async () => {
    const { address } = await serverWith({ topics: ['a', 'b'] })
    await mqadmin('wipeWritePerm -b broker-a -n', address)
    expect((await mqadmin('allocateMQ -t a -i x -n', address)).code).toBe(0)
    const empty = await startFakePeer(({ header, socket }) => {
      const response = { code: 0, flag: 1, language: 'JAVA', opaque: header.opaque, version: 513 }
      socket.write(
        frame(JSON.stringify(response), '{"brokerDatas":[],"queueDatas":[],"filterServerTable":{}}'),
      )
    })
    expect(await mqadmin('allocateMQ -t a -i x -n', empty.address)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'mqnamesrv: a has no queues to read\n',
    })
  })

  test('shows hidden characters of names as escapes', async () => {
    const { address, client } = await serverWith({ name: 'b\u202e', topics: ['T\u001b[2J', 'U'] })
    expect((await mqadmin('topicList -n', address)).stdout).toContain('T\\u001b[2J\n')
    const topic = 'T\u001b[2J'
    const route = await runCli(['mqadmin', 'topicRoute', '-t', topic, '-n', address])
    expect(route.stdout).toContain('\t"brokerName":"b\\u202e",')
    const table = await runCli(['mqadmin', 'topicRoute', '-l', '-t', topic, '-n', address])
    expect(table.stdout).toContain(' b\\u202e ')
    await client.request(putKVConfig('ORDER_TOPIC_CONFIG', 'T', 'a\u0007'))
    expect((await mqadmin('updateOrderConf -t T -m get -n', address)).stdout).toBe(
      'get orderConf success. topic=[T], orderConf=[a\\u0007] ',
    )
  })

  test('finds commands in any case, and takes NAMESRV_ADDR', async () => {
    const { address } = await serverWith({ topics: ['a', 'b'] })
    const env = { NAMESRV_ADDR: address }
    expect(await runCli(['mqadmin', 'TOPICLIST'], { env })).toEqual({ code: 0, stdout: 'a\nb\n', stderr: '' })
    const update = ['mqadmin', 'updateNamesrvConfig', '-k', 'orderMessageEnable', '-v', 'true']
    expect((await runCli(update, { env })).stdout).toBe(
      'update name server config success!\norderMessageEnable : true\n',
    )
  })

  test('updateNamesrvConfig names the servers of -n, and their commas are those of Java', async () => {
    const [a, b] = [await serverWith(), await serverWith()]
    const update = 'updateNamesrvConfig -k orderMessageEnable -v true -n'
    const { stdout } = await mqadmin(update, `${a.address};${b.address}`)
    expect(stdout).toBe(
      `update name server config success![${a.address}, ${b.address}]\norderMessageEnable : true\n`,
    )
  })

  test('takes our options for TLS and for accounts', async () => {
    const { address } = await serverWith({ topics: ['a', 'b'] })
    expect((await mqadmin('topicList --tls --timeout 5s -n', address)).stdout).toBe('a\nb\n')
    const missing = await mqadmin('topicList --tls-ca=missing.pem -n', address)
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringMatching(/cannot read missing\.pem/) })
  })

  test('signs with the account of tools.yml', async () => {
    const home = temporaryFolder()
    mkdirSync(join(home, 'conf'))
    writeFileSync(join(home, 'conf', 'tools.yml'), 'accessKey: ops\nsecretKey: 12345678\n')
    const keys: unknown[] = []
    const { address } = await startFakePeer(({ header, socket }) => {
      keys.push(header.extFields?.['AccessKey'])
      const response = {
        code: 16,
        flag: 1,
        language: 'JAVA',
        opaque: header.opaque,
        remark: 'no',
        version: 513,
      }
      socket.write(frame(JSON.stringify(response)))
    })
    const argv = ['mqadmin', 'topicList', '-n', address]
    const denied = await runCli(argv, { env: { ROCKETMQ_HOME: home } })
    expect(denied).toMatchObject({ code: 4, stdout: '' })
    expect(keys).toEqual(['ops'])
  })
})

/** What mqadmin 5.5.0 printed. */
const STATIC_ROUTE = `{
	"brokerDatas":[
		{
			"brokerAddrs":{
				0:"10.0.0.2:10911",
				16:"10.0.0.2:10927",
				1:"10.0.0.2:10912",
				17:"10.0.0.2:10928"
			},
			"brokerName":"broker-a",
			"cluster":"C1",
			"enableActingMaster":false
		}
	],
	"filterServerTable":{
		"10.0.0.2:10911":[
			"10.0.0.2:99",
			"10.0.0.2:98"
		]
	},
	"orderTopicConf":"broker-a:4",
	"queueDatas":[
		{
			"brokerName":"broker-a",
			"perm":6,
			"readQueueNums":6,
			"topicSysFlag":0,
			"writeQueueNums":5
		}
	],
	"topicQueueMappingByBroker":{
		"broker-a":{
			"bname":"broker-a",
			"currIdMap":{
				0:0,
				1:1,
				2:2
			},
			"dirty":false,
			"epoch":17,
			"scope":"__global__",
			"topic":"Stat",
			"totalQueues":5
		}
	}
}
`

describe('mqadmin with a static topic', () => {
  async function serverWithStaticTopic(): Promise<string> {
    const { port, connect } = await startServer({ orderMessageEnable: 'true' })
    const client = await connect()
    const table = (name: string) => ({
      [name]: {
        topicName: name,
        perm: 6,
        readQueueNums: 6,
        writeQueueNums: 5,
        topicSysFlag: 0,
        order: false,
      },
    })
    const mapping = { topic: 'Stat', bname: 'broker-a', totalQueues: 5, epoch: 17, dirty: false }
    const ids = { currIdMap: { 0: 0, 1: 1, 2: 2 } }
    const wrapper = {
      dataVersion: { counter: 1, stateVersion: 0, timestamp: 1_700_000_000_000 },
      topicConfigTable: { ...table('Stat'), ...table('broker-a') },
      topicQueueMappingInfoMap: { Stat: { ...mapping, scope: '__global__', ...ids } },
    }
    for (const id of [0, 1, 17, 16]) {
      const filterServerList = id === 0 ? ['10.0.0.2:99', '10.0.0.2:98'] : []
      await client.request({
        code: 103,
        extFields: {
          ...{ brokerName: 'broker-a', brokerAddr: `10.0.0.2:${10_911 + id}`, clusterName: 'C1' },
          ...{ brokerId: `${id}`, haServerAddr: '10.0.0.2:10912' },
        },
        body: JSON.stringify({ filterServerList, topicConfigSerializeWrapper: wrapper }),
      })
    }
    return `127.0.0.1:${port}`
  }

  test('prints its order conf, filter servers and mapping', async () => {
    const address = await serverWithStaticTopic()
    const put = await mqadmin('updateOrderConf -t Stat -m put -v broker-a:4 -n', address)
    expect(put.stdout).toBe('update orderConf success. topic=[Stat], orderConf=[broker-a:4]')
    expect((await mqadmin('topicRoute -t Stat -n', address)).stdout).toBe(STATIC_ROUTE)
    const gone = await mqadmin('updateOrderConf -t Stat -m delete -n', address)
    expect(gone.stdout).toBe('delete orderConf success. topic=[Stat]')
    expect((await mqadmin('updateOrderConf -t Stat -m get -n', address)).code).toBe(1)
  })

  test('allocates its logical queues', async () => {
    const address = await serverWithStaticTopic()
    const { stdout } = await mqadmin('allocateMQ -t Stat -i a,b -n', address)
    const queues = (...ids: number[]) =>
      ids.map((id) => `{"brokerName":"__syslo__global__","queueId":${id},"topic":"Stat"}`).join(',')
    expect(stdout).toBe(`{"result":{"a":[${queues(0, 1, 2)}],"b":[${queues(3, 4)}]}}\n`)
  })
})

test('mqadmin deleteKvConfig deletes a key', async () => {
  const { address, client } = await serverWith()
  await client.request(putKVConfig('S', 'K', 'V'))
  expect((await mqadmin('deleteKvConfig -s S -k K -n', address)).stdout).toBe(
    'delete kv config from namespace success.\n',
  )
  expect(headerOf(await client.request(getKVConfig('S', 'K'))).code).toBe(22)
})

describe('mqadmin with several NameServers', () => {
  test('reads from the first one that responds', async () => {
    const { address } = await serverWith({ topics: ['a', 'b'] })
    const [dead, other] = [await deadAddress(), await deadAddress()]
    const read = await mqadmin('topicList -n', `${dead};${address}`)
    expect(read).toEqual({ code: 0, stdout: 'a\nb\n', stderr: '' })
    const none = await mqadmin('topicList -n', `${dead};${other}`)
    expect(none).toEqual({ code: 3, stdout: '', stderr: refused(dead) + refused(other) })
  })

  test('changes all, and says which were changed if some fail', async () => {
    const [a, b] = [await serverWith(), await serverWith()]
    const dead = await deadAddress()
    const value = async ({ client }: typeof a) =>
      headerOf(await client.request(getKVConfig('S', 'K'))).extFields?.['value']
    const put = (line: string, servers: string) => mqadmin(`updateKvConfig -s S -k K -v ${line} -n`, servers)
    expect(await put('1', `${a.address};${b.address}`)).toEqual({
      code: 0,
      stdout: 'create or update kv config to namespace success.\n',
      stderr: '',
    })
    expect([await value(a), await value(b)]).toEqual(['1', '1'])
    expect(await put('2', `${a.address};${dead}`)).toEqual({
      code: 5,
      stdout: '',
      stderr: `changed on ${a.address}\n${refused(dead)}`,
    })
    expect([await value(a), await value(b)]).toEqual(['2', '1'])
    expect(await put('3', dead)).toEqual({ code: 3, stdout: '', stderr: refused(dead) })
  })

  test.each([
    ['updateKvConfig -s S -k K -v V', ''],
    ['wipeWritePerm -b B', 'Failed\n'],
  ])('%s may have been made if the connection is lost before the response', async (line, end) => {
    const { address } = await startScripted({ 100: 'close', 205: 'close' })
    const { code, stdout, stderr } = await mqadmin(`${line} -n`, address)
    expect([code, stdout.endsWith(end)]).toEqual([3, true])
    expect(stderr).toMatch(/ closed the connection before it responded.*; it may have been changed\n$/)
  })

  test('a change that some NameServers reject ends with 5, whatever the reason', async () => {
    const { address } = await serverWith()
    const rejecting = await startScripted({ 102: { code: 22, remark: 'no such key' } })
    const remove = await mqadmin('deleteKvConfig -s S -k K -n', `${address};${rejecting.address}`)
    expect(remove.code).toBe(5)
  })

  test('wipeWritePerm and addWritePerm print a line for each', async () => {
    const [a, b] = [await serverWith({}), await serverWith()]
    const dead = await deadAddress()
    const line = (verb: string, address: string, result: string) =>
      `${verb} write perm of broker[broker-a] in name server[${address}] ${result}\n`
    expect(await mqadmin('wipeWritePerm -b broker-a -n', `${a.address};${dead};${b.address}`)).toEqual({
      code: 5,
      stdout:
        line('wipe', a.address, 'OK, 2') + line('wipe', dead, 'Failed') + line('wipe', b.address, 'OK, 0'),
      stderr: refused(dead),
    })
    expect(`${(await a.client.request(lookup('TopicA'))).body}`).toContain('"perm":4')
    expect(await mqadmin('addWritePerm -b broker-a -n', a.address)).toMatchObject({
      code: 0,
      stdout: line('add', a.address, 'OK, 2'),
    })
    expect(`${(await a.client.request(lookup('TopicA'))).body}`).toContain('"perm":6')
    expect(await mqadmin('addWritePerm -b broker-a -n', dead)).toEqual({
      code: 3,
      stdout: line('add', dead, 'Failed'),
      stderr: refused(dead),
    })
  })

  test('getNamesrvConfig prints the configuration of each', async () => {
    const [a, b] = [await serverWith(), await serverWith()]
    const { code, stdout } = await mqadmin('getNamesrvConfig -n', `${a.address};${b.address}`)
    expect(code).toBe(0)
    expect(stdout.match(/^=+[\d.:]+=+$/gm)?.sort()).toEqual(
      [a, b].map(({ address }) => `============${address}============`).sort(),
    )
    expect(stdout.match(/^orderMessageEnable {32}= {2}false$/gm)).toHaveLength(2)
  })

  test('getNamesrvConfig says whose configuration cannot be read', async () => {
    const { address } = await startFakePeer(({ header, socket }) => {
      const response = { code: 0, flag: 1, language: 'JAVA', opaque: header.opaque, version: 513 }
      socket.write(frame(JSON.stringify(response), 'home=C:\\users\n'))
    })
    expect(await mqadmin('getNamesrvConfig -n', address)).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(
        /unreadable configuration of 127\.0\.0\.1:\d+: .*malformed \\uXXXX escape/,
      ),
    })
  })
})

describe('mqadmin that fails', () => {
  test.each([
    ['topicRoute -t Nowhere', 1, 'No topic route info in name server for the topic: Nowhere'],
    ['topicClusterList -t Nowhere', 1, 'No topic route info in name server for the topic: Nowhere'],
    ['updateOrderConf -t Nowhere -m get', 1, 'No config item, Namespace: ORDER_TOPIC_CONFIG Key: Nowhere'],
    ['updateOrderConf -t T -m put', 2, 'updateOrderConf -m put needs the order conf: -v'],
    ['allocateMQ -t TopicA -i ,a', 2, 'an address of -i is empty'],
    ['topicList -c', 1, 'topicList -c asks brokers for consumer groups: use the mqadmin of RocketMQ'],
  ])('%s prints nothing on stdout and ends with %i', async (line, code, reason) => {
    const { address } = await serverWith({})
    const result = await mqadmin(`${line} -n`, address)
    expect(result).toMatchObject({ code, stdout: '' })
    expect(result.stderr).toContain(reason)
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  test.each([
    ['topicRoute', 'missing: -t'],
    ['updateKvConfig -s S', 'missing: -k, -v'],
    ['topicRoute -x', 'unknown option "-x"'],
    ['updateOrderConf -t T -m pout', '-m "pout" is not one of put, get, delete'],
  ])('%s prints its options, as mqadmin does, and ends with 2', async (line, reason) => {
    const { code, stdout, stderr } = await mqadmin(line)
    expect(code).toBe(2)
    expect(stderr).toBe(`mqnamesrv: ${reason} (try mqnamesrv help mqadmin)\n`)
    expect(stdout).toBe((await mqadmin(`help ${line.split(' ')[0]}`)).stdout)
  })

  test.each([
    ['topicRout', 'did you mean topicRoute?'],
    ['consumerProgress', 'mqnamesrv mqadmin lists them'],
    ['help consumerProgress', 'mqnamesrv mqadmin lists them'],
  ])('%s is a command that is not here', async (line, hint) => {
    const name = line.split(' ').at(-1)
    expect(await mqadmin(line)).toEqual({
      code: 2,
      stdout: `The sub command ${name} not exist.\n`,
      stderr: `mqnamesrv: no command "${name}" of mqadmin here, only those that ask NameServers alone; ${hint} (try mqnamesrv help mqadmin)\n`,
    })
  })
})

describe('help of mqadmin', () => {
  test('lists its commands', async () => {
    const { code, stdout } = await runCli(['mqadmin'])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^The most commonly used mqadmin commands are:\n {3}topicRoute {26}Examine topic route info\.\n/,
    )
    const names = stdout.match(/(?<=^ {3})\w+/gm) ?? []
    expect(names).toHaveLength(11)
    const [{ choices = [] } = {}] = MQADMIN_COMMANDS[0]?.args ?? []
    expect([...choices].sort()).toEqual(names.sort())
  })

  test.each(['topicRoute -h', 'topicRoute --help -t', 'help topicroute'])(
    '%s shows the options of a command',
    async (line) => {
      expect(await mqadmin(line)).toMatchObject({
        code: line.endsWith('-t') ? 2 : 0,
        stdout: expect.stringMatching(
          /^usage: mqadmin topicRoute \[-h\] \[-l\] \[-n <arg>\] -t <arg>\n -h,--help {16}Print help\n/,
        ),
      })
    },
  )

  test.each([[['mqadmin', '-h']], [['help', 'mqadmin']]])('of ours: %j', async (argv) => {
    const { stdout } = await runCli(argv)
    expect(stdout).toMatch(/^Usage: mqnamesrv mqadmin \[command\] \[option\.\.\.\]\n/)
    expect(stdout).toContain(' --tls-ca ')
    expect(stdout).not.toContain(' -o ')
  })
})
