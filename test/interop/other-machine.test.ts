import { beforeAll, describe, expect, test } from 'vitest'
import { startBroker } from './harness/broker.ts'
import { ChildProgram } from './harness/child-program.ts'
import { deliver } from './harness/delivery.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { ask, brokersOf, routeOf } from './harness/name-server-client.ts'
import { type OtherMachine, startOtherMachine } from './harness/other-machine.ts'
import { until } from './harness/wait-until.ts'
import { projectRoot } from './harness/work-folder.ts'

const MESSAGES = 5
const GET_NAMESRV_CONFIG = 319
const release = '5.5.0'
const UPDATE = 'waitSecondsForService=46'

let machine: OtherMachine
let nameServer: NameServer
let mqadmin: AdminTool

beforeAll(async () => {
  machine = await startOtherMachine()
  nameServer = await startNameServer({ kind: 'ours', machine })
  const broker = await startBroker({ release, name: 'elsewhere', nameServers: [nameServer.address] })
  mqadmin = startAdminTool(release)
  await until('the broker is registered', async () => broker.name in (await brokersOf(nameServer.address)))
})

async function configuration(): Promise<string> {
  return `${(await ask(nameServer.address, GET_NAMESRV_CONFIG)).body}`
}

describe('a server with the profile default, to another machine', () => {
  test.each([
    [318, 'config', {}, UPDATE],
    [1450, 'inspect', { path: '/api/v1/status' }, ''],
    [1451, 'config', { id: '1', peer: '127.0.0.1:1' }, ''],
  ])('rejects %d', async (code, group, extFields, body) => {
    const answer = await ask(nameServer.address, code, extFields, undefined, Buffer.from(body))
    expect(answer.code).toBe(16)
    expect(answer.remark).toContain(`request ${code} is in group "${group}", rejected by profile default`)
    expect(answer.body).toHaveLength(0)
    expect(await configuration()).not.toContain(UPDATE)
  })

  test('rejects an update by mqadmin, which shows why', async () => {
    const [key = '', value = ''] = UPDATE.split('=')
    const { stdout, stderr } = await mqadmin.run(nameServer.address, [
      ...['updateNamesrvConfig', '-k', key, '-v', value],
    ])
    expect(stdout + stderr).toMatch(/CODE: 16 .*rejected by profile default/)
    expect(await configuration()).not.toContain(UPDATE)
  })

  test.each<[command: string, says: RegExp]>([
    ['clusterList', /elsewhere .*127\.0\.0\.1:/],
    ['updateTopic -c InteropCluster -t Administered', /create topic to .* success/],
    ['topicRoute -t Administered', /"brokerName":"elsewhere"/],
    ['topicList', /^Administered$/m],
    ['getNamesrvConfig', /^orderMessageEnable += +false$/m],
    ['updateKvConfig -s Space -k color -v blue', /create or update kv config to namespace success/],
    ['deleteKvConfig -s Space -k color', /delete kv config from namespace success/],
    ['wipeWritePerm -b elsewhere', /wipe write perm of broker\[elsewhere\] .* OK, \d+/],
    ['addWritePerm -b elsewhere', /add write perm of broker\[elsewhere\] .* OK, \d+/],
    [
      'deleteTopic -c InteropCluster -t Administered',
      /delete topic \[Administered\] from NameServer success/,
    ],
  ])('serves mqadmin %s', async (command, says) => {
    const { stdout, stderr } = await mqadmin.run(nameServer.address, command.split(' '))
    expect(stdout + stderr).toMatch(says)
  })

  test('serves brokers, producers and consumers', async () => {
    const client = { release, nameServers: [nameServer.address], topic: 'Delivered' } as const
    const { sent, failed, received } = await deliver(client, MESSAGES)
    expect(failed).toEqual([])
    expect(received).toEqual(sent)
    expect(await routeOf(nameServer.address, 'Delivered')).toMatchObject({
      brokerDatas: [{ brokerName: 'elsewhere' }],
    })
  })
})

test('the same update is taken from its own machine', async () => {
  const [command = '', ...args] = [...machine.command, process.execPath, `${projectRoot}bin/mqnamesrv`]
  const program = new ChildProgram({
    name: 'config-set',
    command,
    args: () => [...args, 'config', 'set', UPDATE, '--yes', '-n', `127.0.0.1:${nameServer.port}`],
  })
  await program.until('it is done', () => program.end !== undefined && true).catch(() => {})
  expect(program.end).toBe('exit code 0')
  expect(await configuration()).toContain(UPDATE)
})
