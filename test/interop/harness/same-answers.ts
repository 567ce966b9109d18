import { expect } from 'vitest'
import { inOneOrder, unorderedPaths } from '../differential/body-order.ts'
import { ask, topicsOf } from './name-server-client.ts'
import { until } from './wait-until.ts'

const GET_ROUTEINFO_BY_TOPIC = 105
const GET_BROKER_CLUSTER_INFO = 106
const GET_ALL_TOPIC_LIST_FROM_NAMESERVER = 206
/** MQVersion ordinals below and above 401, from which on route bodies are standard JSON. */
const DIALECTS = { fastjson: 400, standard: 513 } as const
/** An unknown topic. */
const NOWHERE = 'Nowhere'

export interface SameAnswersOptions {
  /** More topics to ask about, such as deleted ones. */
  readonly topics?: readonly string[]
  /** How long they may take to agree, ms; default 30,000: a broker registers with one after the other, some only every 10 s. */
  readonly timeoutMs?: number
}

/**
 * Holds two NameServers to the same responses about everything: 106, 206, and 105 of every topic in both dialects, byte
 * for byte but for the order of Java's hash tables.
 */
export async function expectSameAnswers(
  one: string,
  other: string,
  { topics = [], timeoutMs = 30_000 }: SameAnswersOptions = {},
): Promise<void> {
  let answers: readonly (readonly string[])[] = []
  await until(
    'both answer alike',
    async () => {
      const lists = await Promise.all([one, other].map(topicsOf))
      const asked = [...new Set([...lists.flat(), ...topics, NOWHERE])].sort()
      answers = await Promise.all([one, other].map((nameServer) => everyAnswer(nameServer, asked)))
      return answers[0]?.join('\n') === answers[1]?.join('\n')
    },
    { timeoutMs, everyMs: 200 },
  ).catch(() => {})
  expect(answers[0]).toEqual(answers[1])
  expect(answers[0]?.length).toBeGreaterThan(0)
}

async function everyAnswer(nameServer: string, topics: readonly string[]): Promise<readonly string[]> {
  const said = [
    await answerText(nameServer, GET_ALL_TOPIC_LIST_FROM_NAMESERVER),
    await answerText(nameServer, GET_BROKER_CLUSTER_INFO),
  ]
  for (const topic of topics) {
    for (const [dialect, version] of Object.entries(DIALECTS)) {
      said.push(
        `${topic} (${dialect}): ${await answerText(nameServer, GET_ROUTEINFO_BY_TOPIC, { topic }, version)}`,
      )
    }
  }
  return said
}

async function answerText(
  nameServer: string,
  code: number,
  extFields: Readonly<Record<string, string>> = {},
  version: number = DIALECTS.standard,
): Promise<string> {
  const answer = await ask(nameServer, code, extFields, version)
  const body = answer.body.toString('latin1')
  const ordered = body === '' ? '' : inOneOrder(body, unorderedPaths(code, body))
  return `${answer.code} ${answer.remark ?? '-'} ${JSON.stringify(answer.extFields)} ${ordered}`
}
