/**
 * A broker and a client that do nothing wrong, beside all the others: what they are answered must be right to the last byte. The
 * expected bytes are written down here as Java's NameServer writes them; nothing comes from `src/`.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { AnswerReader } from '../support/answers.ts'
import { frame, type Request, requestFrame } from '../support/frames.ts'

const ANSWER_LIMIT_MS = 30_000
/** Between two rounds; the many others are to be served, too. */
const PAUSE_MS = 5

/** What an honest client's connection is. */
export type Transport = 'plain' | 'tls'

/** Each has a broker and topics of its own. */
interface Names {
  readonly brokerName: string
  readonly brokerAddr: string
  readonly clusterName: string
  readonly topics: readonly string[]
}

const NAMES: Readonly<Record<Transport, Names>> = {
  plain: {
    brokerName: 'honest-broker',
    brokerAddr: '127.99.99.99:10911',
    clusterName: 'honest-cluster',
    topics: ['HonestTopicA', 'HonestTopicB'],
  },
  tls: {
    brokerName: 'honest-tls-broker',
    brokerAddr: '127.99.99.98:10911',
    clusterName: 'honest-tls-cluster',
    topics: ['HonestTlsTopicA', 'HonestTlsTopicB'],
  },
}

const VERSION = '{"counter":7,"stateVersion":0,"timestamp":1700000000000}'

/** A Java broker has a topic of its own name in each full registration. */
function registrationBody({ brokerName, topics }: Names): string {
  const table = [...topics, brokerName].map(
    (name, index) =>
      `"${name}":{"attributes":{},"order":false,"perm":6,"readQueueNums":${8 + index},"topicFilterType":"SINGLE_TAG",` +
      `"topicName":"${name}","topicSysFlag":0,"writeQueueNums":${8 + index}}`,
  )
  return (
    `{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":${VERSION},` +
    `"mappingDataVersion":${VERSION},"topicConfigTable":{${table.join(',')}},"topicQueueMappingDetailMap":{},"topicQueueMappingInfoMap":{}}}`
  )
}

function route({ brokerName, brokerAddr, clusterName }: Names, index: number, idKey: string): string {
  const queues = 8 + index
  return (
    `{"brokerDatas":[{"brokerAddrs":{${idKey}:"${brokerAddr}"},"brokerName":"${brokerName}",` +
    `"cluster":"${clusterName}","enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":` +
    `"${brokerName}","perm":6,"readQueueNums":${queues},"topicSysFlag":0,"writeQueueNums":${queues}}]}`
  )
}

interface Question extends Request {
  readonly what: string
  /** Of the response's header, behind its code. */
  readonly extFields?: string
  readonly answerCode?: number
  readonly remark?: string
  readonly answerBody?: string
}

function questionsOf(names: Names): readonly Question[] {
  const { topics, ...broker } = names
  return [
    {
      what: 'a registration',
      code: 103,
      fields: {
        ...broker,
        brokerId: '0',
        bodyCrc32: '0',
        compressed: 'false',
        enableActingMaster: 'false',
        haServerAddr: broker.brokerAddr,
      },
      body: registrationBody(names),
      extFields: '{}',
    },
    ...topics.flatMap((topic, index): Question[] => [
      { what: `the route of ${topic}`, code: 105, fields: { topic }, answerBody: route(names, index, '"0"') },
      {
        what: `the route of ${topic} for old clients`,
        code: 105,
        version: 317,
        fields: { topic },
        answerBody: route(names, index, '0'),
      },
    ]),
    { what: 'a heartbeat', code: 904, fields: broker },
    {
      what: 'a version',
      code: 322,
      fields: { ...broker, brokerId: '0' },
      body: VERSION,
      extFields: '{"changed":"false"}',
      answerBody: VERSION,
    },
    {
      what: 'a group',
      code: 901,
      fields: { clusterName: broker.clusterName, brokerName: broker.brokerName },
      remark: 'not set any response code',
      answerBody:
        `{"brokerMemberGroup":{"brokerAddrs":{0:"${broker.brokerAddr}"},"brokerName":"${broker.brokerName}",` +
        `"cluster":"${broker.clusterName}"}}`,
    },
    {
      what: 'a value that is not there',
      code: 101,
      fields: { namespace: 'honest', key: 'k' },
      answerCode: 22,
      remark: 'No config item, Namespace: honest Key: k',
      extFields: '{}',
    },
  ]
}

function answerBytes(
  { answerCode = 0, extFields, remark, answerBody = '' }: Question,
  opaque: number,
): Buffer {
  const header =
    `{"code":${answerCode},${extFields === undefined ? '' : `"extFields":${extFields},`}"flag":1,"language":"JAVA",` +
    `"opaque":${opaque},${remark === undefined ? '' : `"remark":"${remark}",`}` +
    '"serializeTypeCurrentRPC":"JSON","version":513}'
  return frame(header, answerBody)
}

/** Asks one thing after the other, again and again, over one connection. */
export class HonestClient {
  readonly #socket: Socket
  readonly #questions: readonly Question[]
  readonly #waiting: ((answer: Buffer) => void)[] = []
  #opaque = 0
  #isStopped = false
  /** Answers that were right. */
  answers = 0
  slowestMs = 0

  private constructor(socket: Socket, names: Names, onFailure: (error: Error) => void) {
    this.#socket = socket
    this.#questions = questionsOf(names)
    const reader = new AnswerReader()
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const { bytes } of reader.read(chunk)) this.#waiting.shift()?.(bytes)
      } catch (error) {
        onFailure(error as Error)
      }
    })
    socket.on('error', (error) => onFailure(error))
    socket.on('close', () => {
      if (!this.#isStopped) onFailure(new Error('the server closed its connection'))
    })
  }

  /**
   * Connects, and asks everything once.
   * @param onFailure - Told of what must not happen from then on.
   */
  static async start(
    port: number,
    transport: Transport,
    onFailure: (error: Error) => void,
  ): Promise<HonestClient> {
    const socket = await open(port, transport)
    const client = new HonestClient(socket, NAMES[transport], onFailure)
    for (const question of client.#questions) await client.#ask(question)
    void client.#askForever(onFailure)
    return client
  }

  stop(): void {
    this.#isStopped = true
    this.#socket.destroy()
  }

  async #askForever(onFailure: (error: Error) => void): Promise<void> {
    try {
      while (!this.#isStopped) {
        for (const question of this.#questions) await this.#ask(question)
        await delay(PAUSE_MS)
      }
    } catch (error) {
      if (!this.#isStopped) onFailure(error as Error)
    }
  }

  async #ask(question: Question): Promise<void> {
    const opaque = ++this.#opaque
    const askedMs = performance.now()
    const answer = await this.#answerTo(requestFrame(question, opaque), question.what)
    const expected = answerBytes(question, opaque)
    if (!answer.equals(expected)) {
      throw new Error(
        `the response to ${question.what} is\n${answer.subarray(8)}\ninstead of\n${expected.subarray(8)}`,
      )
    }
    this.answers++
    this.slowestMs = Math.max(this.slowestMs, performance.now() - askedMs)
  }

  #answerTo(request: Buffer, what: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no response to ${what} within ${ANSWER_LIMIT_MS} ms`)),
        ANSWER_LIMIT_MS,
      ).unref()
      this.#waiting.push((answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      this.#socket.write(request)
    })
  }
}

async function open(port: number, transport: Transport): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  if (transport === 'plain') return socket
  const secure = connectTls({ socket, rejectUnauthorized: false })
  await once(secure, 'secureConnect')
  return secure
}
