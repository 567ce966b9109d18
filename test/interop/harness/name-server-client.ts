import { connect } from 'node:net'
import { type JavaJson, parseJavaJson } from './java-json.ts'

// Written from the protocol's description alone and sharing nothing with src/, so that a misreading there is not
// repeated here.

export interface Answer {
  readonly code: number
  readonly remark: string | undefined
  readonly extFields: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** How long a response may take, ms: one to a change waits for a disk that brokers are filling. */
const ANSWER_TIMEOUT_MS = 15_000
/** MQVersion of 5.5.0: new enough for route bodies in standard JSON. */
const VERSION = 513

/**
 * Sends one request over a connection of its own and gives the response.
 *
 * @param server - `host:port` of a NameServer or broker.
 * @param version - MQVersion ordinal of the client; below 401, route bodies come in fastjson's own dialect.
 * @throws {Error} if there is no connection or no response in time.
 */
export function ask(
  server: string,
  code: number,
  extFields: Readonly<Record<string, string>> = {},
  version = VERSION,
  body: Buffer = Buffer.alloc(0),
): Promise<Answer> {
  const [host = '', port = ''] = server.split(':')
  const header = Buffer.from(
    JSON.stringify({
      code,
      extFields,
      flag: 0,
      language: 'JAVA',
      opaque: 1,
      serializeTypeCurrentRPC: 'JSON',
      version,
    }),
  )
  const lengths = Buffer.alloc(8)
  lengths.writeInt32BE(4 + header.length + body.length, 0)
  lengths.writeInt32BE(header.length, 4)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host)
    let received: Buffer = Buffer.alloc(0)
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error(`${server}: no response to ${code}`)))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`${server}: closed before the response to ${code}`)))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 4 || received.length < 4 + received.readInt32BE(0)) return
      resolve(readAnswer(received))
      socket.destroy()
    })
    socket.write(Buffer.concat([lengths, header, body]))
  })
}

function readAnswer(frame: Buffer): Answer {
  const headerEnd = 8 + (frame.readInt32BE(4) & 0xff_ff_ff)
  // Of a binary header only the code is read, which is enough to see that the server responds.
  if (frame[4] !== 0) {
    return { code: frame.readInt16BE(8), remark: undefined, extFields: {}, body: frame.subarray(headerEnd) }
  }
  const header: { code: number; remark?: string; extFields?: Record<string, string> } = JSON.parse(
    frame.toString('utf8', 8, headerEnd),
  )
  return {
    code: header.code,
    remark: header.remark,
    extFields: header.extFields ?? {},
    body: frame.subarray(headerEnd, 4 + frame.readInt32BE(0)),
  }
}

/** Route of a topic (105), or undefined if the NameServer knows none (code 17). */
export async function routeOf(nameServer: string, topic: string): Promise<Route | undefined> {
  const { code, remark, body } = await ask(nameServer, 105, { topic })
  if (code === 17) return undefined
  if (code !== 0) throw new Error(`105 answered ${code}: ${remark}`)
  return parseJavaJson(body.toString()) as unknown as Route
}

export interface Route {
  readonly orderTopicConf?: string
  readonly brokerDatas: readonly {
    readonly brokerName: string
    readonly brokerAddrs: Readonly<Record<string, string>>
  }[]
  readonly queueDatas: readonly { readonly brokerName: string; readonly perm: number }[]
  readonly topicQueueMappingByBroker?: Readonly<
    Record<string, { readonly currIdMap?: Readonly<Record<string, number>> }>
  >
}

/** Brokers by name (106), each with its addresses by id. */
export async function brokersOf(
  nameServer: string,
): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const { body } = await ask(nameServer, 106)
  const { brokerAddrTable } = parseJavaJson(body.toString()) as {
    brokerAddrTable: Record<string, { brokerAddrs: Record<string, string> }>
  }
  return Object.fromEntries(
    Object.entries(brokerAddrTable).map(([name, { brokerAddrs }]) => [name, brokerAddrs]),
  )
}

/** All topics (206), sorted. */
export async function topicsOf(nameServer: string): Promise<readonly string[]> {
  const { body } = await ask(nameServer, 206)
  const { topicList } = parseJavaJson(body.toString()) as { topicList: JavaJson[] }
  return topicList.map(String).sort()
}
