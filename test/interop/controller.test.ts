import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blockOf, keysOf } from '../../scripts/support/markdown-pages.ts'
import { type Broker, startBroker } from './harness/broker.ts'
import { freePort } from './harness/broker-ports.ts'
import { ChaosProxy } from './harness/chaos-proxy.ts'
import { ChildProgram } from './harness/child-program.ts'
import { startController } from './harness/controller.ts'
import { brokerCredentials, writeAccessFile } from './harness/identities.ts'
import { propertiesText } from './harness/java.ts'
import { startNameServer } from './harness/name-server.ts'
import { ask, brokersOf, topicsOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'
import { newHome, projectRoot } from './harness/work-folder.ts'

const RELEASE = '5.5.0'
const GROUP = 'controlled'

const CONTROLLER_GET_REPLICA_INFO = 1004

/** The namesrv.conf of docs/operations.md, for free ports, and with what a test needs besides. */
async function namesrvConf(): Promise<Record<string, string>> {
  const { home } = newHome('controller-store')
  return {
    ...keysOf(blockOf('docs/operations.md', 'properties', '# namesrv.conf'), {
      listenPort: `${await freePort()}`,
      controllerDLegerPeers: `n0-127.0.0.1:${await freePort()}`,
    }),
    controllerStorePath: join(home, 'controller'),
    enableElectUncleanMaster: 'false',
    notifyBrokerRoleChanged: 'true',
  }
}

test('a file of Java with a controller in the NameServer stops the start with one line that says what to run', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'mqnamesrv-controller-')), 'namesrv.conf')
  const properties = { ...(await namesrvConf()), enableControllerInNamesrv: true }
  writeFileSync(file, propertiesText(properties))
  const program = new ChildProgram({
    name: 'mqnamesrv',
    command: process.execPath,
    args: (home) => [join(projectRoot, 'bin/mqnamesrv'), '-c', file, `--user.home=${home}`],
  })
  await until('it has ended', () => program.end !== undefined)
  expect(program.end).toBe('exit code 1')
  expect(program.lines.filter((line) => !line.includes('"msg":"start failed"'))).toEqual([
    `mqnamesrv: ${file}:2: enableControllerInNamesrv="true" asks for a controller, which this server does not run: ` +
      'run "mqcontroller -c FILE" beside it and set the key to false',
  ])
})

test('with a controller of 5.5.0 beside the NameServer on the same file, a broker in controller mode is elected master and registers, and its slave on another host takes over before the server notices that the master is gone, with registrationGuard=refuse', async () => {
  const properties = await namesrvConf()
  const controllerAddr = properties['controllerDLegerPeers']?.slice('n0-'.length) ?? ''
  const accessFile = writeAccessFile(
    'accounts:\n  - { accessKey: controlled, secretKey: "controlled-secret", roles: [broker] }\n',
  )
  const nameServer = await startNameServer({
    kind: 'ours',
    properties: {
      accessFile,
      registrationGuard: 'refuse',
      proxyProtocolTrustedNetworks: '127.0.0.0/8',
      ...properties,
    },
  })
  expect(nameServer.program.lines.filter((line) => line.includes('unknown key'))).toEqual([])
  await startController(RELEASE, join(nameServer.program.home, 'namesrv.properties'))

  const { address, port } = nameServer
  const side = (host: string): Promise<ChaosProxy> =>
    ChaosProxy.start(address, `PROXY TCP4 ${host} 127.0.0.1 40000 ${port}\r\n`)
  const start = (nameServerSide: ChaosProxy): Promise<Broker> =>
    startBroker({
      release: RELEASE,
      name: GROUP,
      nameServers: [nameServerSide.address],
      properties: {
        ...keysOf(blockOf('docs/operations.md', 'properties', '# broker.conf'), {
          brokerName: GROUP,
          controllerAddr,
          namesrvAddr: nameServerSide.address,
        }),
        ...brokerCredentials('controlled', 'controlled-secret'),
      },
    })
  const sides = [await side('127.0.0.5'), await side('127.0.0.6')] as const
  const group = async (): Promise<object> => (await brokersOf(nameServer.address))[GROUP] ?? {}
  const first = await start(sides[0])
  await until('the first broker is the master', async () => same(await group(), { 0: first.address }))
  expect(await topicsOf(nameServer.address)).toContain(GROUP)

  const second = await start(sides[1])
  const both = { 0: first.address, 2: second.address }
  await until('the second broker is its slave', async () => same(await group(), both), { timeoutMs: 60_000 })
  await until('the slave is in sync', async () => await hasTwoInSync(controllerAddr), { timeoutMs: 60_000 })
  sides[0].freeze()
  await first.program.kill()
  await until('the slave is the master', async () => same(await group(), { 0: second.address }), {
    timeoutMs: 90_000,
  })
}, 400_000)

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Whether the controller may elect either broker of the group. */
async function hasTwoInSync(controller: string): Promise<boolean> {
  const { body } = await ask(controller, CONTROLLER_GET_REPLICA_INFO, { brokerName: GROUP })
  return /"syncStateSet":\[\d+,\d+\]/.test(body.toString())
}
