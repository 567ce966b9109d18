import { headerOf, type RawClient } from '../support/raw-client.ts'
import { putKVConfig, registration, type TestBroker } from '../support/requests.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

/** An answer of a view. */
export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  readonly body: any
}

/** Asks a server for a path of `/api/v1/`, at its HTTP port. */
export async function ask({ httpPort }: Pick<TestServer, 'httpPort'>, path: string): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/${path}`)
  return { status: response.status, body: await response.json() }
}

/** What a broker says of one of its topics. */
export interface PlantedTopic {
  readonly perm?: number
  readonly readQueueNums?: number
  readonly writeQueueNums?: number
  /** Logical to physical queues of a static topic. */
  readonly mapping?: Readonly<Record<string, number>>
}

/** A server with an HTTP port, and a client of its remoting port. */
export async function startViewServer(properties: Readonly<Record<string, string>> = {}) {
  const server = await startServer({ httpListenPort: 'any', ...properties })
  return { ...server, client: await server.connect() }
}

/** Registers a broker, with these topics. */
export async function plantBroker(
  client: RawClient,
  broker: TestBroker,
  topics: Readonly<Record<string, PlantedTopic>>,
  extFields: Readonly<Record<string, string>> = {},
): Promise<void> {
  const table = Object.fromEntries(
    Object.entries(topics).map(([topicName, { mapping, ...given }]) => [
      topicName,
      { topicName, perm: 6, readQueueNums: 4, writeQueueNums: 4, topicSysFlag: 0, order: false, ...given },
    ]),
  )
  const request = registration(broker)
  const body = JSON.parse(request.body as string)
  body.topicConfigSerializeWrapper.topicConfigTable = table
  body.topicConfigSerializeWrapper.topicQueueMappingInfoMap = Object.fromEntries(
    Object.entries(topics).flatMap(([topic, { mapping }]) =>
      mapping === undefined
        ? []
        : [
            [
              topic,
              {
                topic,
                bname: broker.name,
                totalQueues: 8,
                epoch: 3,
                scope: '__global__',
                currIdMap: mapping,
              },
            ],
          ],
    ),
  )
  const response = await client.request({
    ...request,
    extFields: { ...request.extFields, ...extFields },
    body: JSON.stringify(body),
  })
  const { code } = headerOf(response)
  if (code !== 0) throw new Error(`not registered: ${code}`)
}

/**
 * Two groups in one cluster: the master and a slave of broker-a, and the master of broker-b, which alone has `OnlyB` and a static topic; `Shared` is on
 * both and ordered; the write permission of broker-b was wiped.
 */
export async function plantCluster(client: RawClient): Promise<void> {
  const shared = { Shared: {}, OnlyA: { writeQueueNums: 8 } }
  const acting = { enableActingMaster: 'true' }
  await plantBroker(client, { name: 'broker-a', address: '127.0.0.1:10911' }, shared, acting)
  await plantBroker(client, { name: 'broker-a', address: '127.0.0.1:10921', id: 1 }, shared, acting)
  await plantBroker(
    client,
    { name: 'broker-b', address: '10.0.0.2:10911' },
    { Shared: {}, OnlyB: {}, Static: { mapping: { 0: 0, 1: 1 } } },
  )
  await client.request(putKVConfig('ORDER_TOPIC_CONFIG', 'Shared', 'broker-a:4;broker-b:4'))
  await client.request(putKVConfig('other', 'key', 'value'))
  await client.request({ code: 205, extFields: { brokerName: 'broker-b' } })
}
