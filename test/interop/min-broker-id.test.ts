import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Connection } from './differential/connection.ts'
import { freePort } from './harness/broker-ports.ts'
import {
  type NameServer,
  type NameServerKind,
  reference,
  startNameServer,
  subject,
} from './harness/name-server.ts'
import { until } from './harness/wait-until.ts'

const REGISTER_BROKER = 103
const UNREGISTER_BROKER = 104
/** The first slave's, so that it expires while the test looks on. */
const SHORT_TIMEOUT_MS = 3_000
const LONG_TIMEOUT_MS = 300_000
const EMPTY_BODY =
  '{"filterServerList":[],"topicConfigSerializeWrapper":' +
  '{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1700000000000},"topicConfigTable":{}}}'

/** Listens where a broker would, and notes what it is sent. */
interface Listener {
  readonly address: string
  readonly frames: Buffer[]
  readonly server: Server
}

const sockets = new Set<Socket>()
const listeners: Listener[] = []

async function startListener(): Promise<Listener> {
  const frames: Buffer[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    let received: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const end = 4 + received.readInt32BE(0)
        frames.push(received.subarray(0, end))
        received = received.subarray(end)
      }
    })
  })
  // Ports of the same length, so that frames have it too.
  server.listen(await freePort(), '127.0.0.1')
  await once(server, 'listening')
  const listener = { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, frames, server }
  listeners.push(listener)
  return listener
}

afterAll(() => {
  for (const socket of sockets) socket.destroy()
  for (const { server } of listeners) server.close()
})

function requestFrame(code: number, extFields: Record<string, string>, body = ''): Buffer {
  const header = { code, extFields, flag: 0, language: 'JAVA', opaque: 1, version: 513 }
  const text = Buffer.from(JSON.stringify({ ...header, serializeTypeCurrentRPC: 'JSON' }))
  const lengths = Buffer.alloc(8)
  lengths.writeInt32BE(4 + text.length + body.length, 0)
  lengths.writeInt32BE(text.length, 4)
  return Buffer.concat([lengths, text, Buffer.from(body)])
}

/** A group of three brokers at one NameServer. */
class Group {
  readonly #members: readonly Listener[]
  readonly #connections: readonly Connection[]
  readonly #name: string
  readonly #acting: boolean

  private constructor(
    name: string,
    acting: boolean,
    members: readonly Listener[],
    connections: readonly Connection[],
  ) {
    this.#name = name
    this.#acting = acting
    this.#members = members
    this.#connections = connections
  }

  static async at({ address }: NameServer, name: string, acting: boolean): Promise<Group> {
    const members = [await startListener(), await startListener(), await startListener()]
    const connections = await Promise.all(members.map(() => Connection.open(address)))
    return new Group(name, acting, members, connections)
  }

  async register(id: number, heartbeatTimeoutMs = LONG_TIMEOUT_MS): Promise<void> {
    await this.#ask(REGISTER_BROKER, id, EMPTY_BODY, {
      haServerAddr: `127.0.0.9:1000${id}`,
      heartbeatTimeoutMillis: `${heartbeatTimeoutMs}`,
      enableActingMaster: `${this.#acting}`,
    })
  }

  async unregister(id: number): Promise<void> {
    await this.#ask(UNREGISTER_BROKER, id)
  }

  /** Waits for these numbers of notifications in all, and returns what each member got since the last time. */
  async told(...counts: readonly number[]): Promise<unknown[][]> {
    await until(`the members are told ${counts}`, () =>
      counts.every((count, id) => (this.#members[id]?.frames.length ?? 0) >= count),
    )
    return this.#members.map(({ frames }) => frames.splice(0).map((frame) => this.#normalize(frame)))
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) await connection.close()
  }

  async #ask(code: number, id: number, body = '', more: Record<string, string> = {}): Promise<void> {
    const brokerAddr = this.#members[id]?.address ?? ''
    const identity = { brokerName: this.#name, brokerAddr, clusterName: 'c', brokerId: `${id}` }
    const connection = this.#connections[id]
    connection?.send(requestFrame(code, { ...identity, ...more }, body))
    const answer = await connection?.next(10_000)
    if (!Buffer.isBuffer(answer)) throw new Error(`no response to ${code}: ${answer}`)
  }

  /** The bytes, with the members' addresses and the opaque replaced. */
  #normalize(frame: Buffer): unknown {
    const bytes = Buffer.from(frame)
    const serializeType = bytes[4]
    const opaque =
      serializeType === 1 ? bytes.readInt32BE(13) : Number(/"opaque":(\d+)/.exec(frame.toString())?.[1])
    let text: string
    if (serializeType === 1) {
      bytes.fill(0, 13, 17)
      text = bytes.toString('latin1')
    } else {
      // The lengths hang on the digits of the opaque.
      text = bytes.toString('latin1', 8).replace(/"opaque":\d+/, '"opaque":N')
      expect(bytes.readInt32BE(0)).toBe(bytes.length - 4)
      expect(bytes.readInt32BE(4)).toBe(bytes.length - 8)
    }
    for (const [id, { address }] of this.#members.entries()) text = text.replaceAll(address, `<broker ${id}>`)
    opaques.push(opaque)
    return text
  }
}

let opaques: number[] = []

/** The opaques seen since the last time; copies of one notification share theirs. */
function differentOpaques(): number {
  const count = new Set(opaques).size
  opaques = []
  return count
}

/** Every change of a group that its members are notified of, and some that they are not. */
async function play(nameServer: NameServer): Promise<unknown[]> {
  const steps: unknown[] = []
  const acting = await Group.at(nameServer, 'acting', true)
  await acting.register(1, SHORT_TIMEOUT_MS)
  await acting.register(2)
  await acting.register(0)
  steps.push(['the master came', await acting.told(0, 1, 1), differentOpaques()])
  await acting.unregister(0)
  steps.push(['the master went', await acting.told(0, 1, 1), differentOpaques()])
  steps.push(['the first slave expired', await acting.told(0, 0, 1), differentOpaques()])
  await acting.close()

  const plain = await Group.at(nameServer, 'plain', false)
  await plain.register(2)
  await plain.register(1)
  steps.push(['without acting master: a lower id came', await plain.told(0, 0, 1), differentOpaques()])
  await plain.unregister(1)
  await plain.register(0)
  steps.push(['it went, and the master came', await plain.told(0, 0, 1), differentOpaques()])
  await plain.close()
  return steps
}

describe.each(['JSON', 'ROCKETMQ'])('with %s headers', (serializeType) => {
  const servers: NameServer[] = []
  const start = async (kind: NameServerKind): Promise<NameServer> => {
    return startNameServer({
      ...kind,
      properties: {
        notifyMinBrokerIdChanged: true,
        scanNotActiveBrokerInterval: 500,
        ...(kind.kind === 'ours' && { serializeType }),
      },
      javaOptions: [`-Drocketmq.serialize.type=${serializeType}`],
    })
  }
  beforeAll(async () => {
    servers.push(...(await Promise.all([start(reference), start(subject)])))
    return () => Promise.all(servers.map(({ program }) => program.kill()))
  })

  test('the brokers of a group get the same notifications of its min broker id as from Java, step by step', async () => {
    const [java, ours] = servers
    if (java === undefined || ours === undefined) throw new Error('the NameServers were not started')
    const expected = await play(java)
    expect(expected).toHaveLength(5)
    expect(await play(ours)).toEqual(expected)
  })
})
