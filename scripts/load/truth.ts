/** What is alive and what is not, as the load has made it, and whether a response agrees with that. */
import type { Answer } from '../support/answers.ts'

const SUCCESS = 0
const TOPIC_NOT_EXIST = 17

/** Whether something is there: known since a moment, or just changing. */
export class Presence {
  #isThere: boolean | undefined = false
  #sinceMs = 0

  /** It is about to change, and may be seen or not. */
  change(): void {
    this.#isThere = undefined
  }

  /** From now on it is there, or is not. */
  settle(isThere: boolean): void {
    this.#isThere = isThere
    this.#sinceMs = performance.now()
  }

  get isThere(): boolean {
    return this.#isThere === true
  }

  /** What a lookup at that moment must have seen; undefined if either is right. */
  whenAsked(askedMs: number): boolean | undefined {
    return this.#sinceMs <= askedMs ? this.#isThere : undefined
  }
}

/** A broker as its group's routes show it. */
export interface Member {
  readonly name: string
  readonly address: string
  readonly presence: Presence
}

/** Brokers that have the same topics. */
export interface Group {
  readonly members: readonly Member[]
  /** Of any member or topic; nothing has changed since. */
  lastChangeMs: number
}

export interface Topic {
  readonly name: string
  readonly queues: number
  readonly group: Group
  readonly presence: Presence
  /** A response that was right, and when it was asked for. */
  lastRight?: { readonly body: Buffer; readonly askedMs: number }
}

interface Route {
  readonly brokerDatas: readonly {
    readonly brokerName: string
    readonly brokerAddrs: Readonly<Record<string, string>>
  }[]
  readonly queueDatas: readonly {
    readonly brokerName: string
    readonly readQueueNums: number
    readonly writeQueueNums: number
    readonly perm: number
  }[]
}

/** A member, and whether it must be in a route; undefined if it may. */
type MemberState = readonly [Member, boolean | undefined]

/** @returns What is wrong with a response to a lookup of a topic, or undefined. */
export function wrongRoute(topic: Topic, { code, bytes }: Answer, askedMs: number): string | undefined {
  const { group, presence, lastRight } = topic
  const topicIsThere = presence.whenAsked(askedMs)
  const members = group.members.map((member): MemberState => {
    const isThere = member.presence.whenAsked(askedMs)
    // A topic that is being made or deleted is on some of them.
    return [member, topicIsThere === true || isThere === false ? isThere : undefined]
  })
  if (code === TOPIC_NOT_EXIST) {
    return members.some(([, isThere]) => isThere === true)
      ? `there is no route to ${topic.name}, which is there`
      : undefined
  }
  if (code !== SUCCESS) return `the response to a lookup of ${topic.name} has the code ${code}`
  const body = bytes.subarray(8 + bytes.readUIntBE(5, 3))
  if (lastRight !== undefined && lastRight.askedMs > group.lastChangeMs && lastRight.body.equals(body))
    return undefined

  if (topicIsThere === false) return `there is a route to ${topic.name}, which is deleted`
  const route = JSON.parse(body.toString()) as Route
  const wrong = wrongMembers(topic, members, route)
  if (wrong === undefined) topic.lastRight = { body: Buffer.from(body), askedMs }
  return wrong === undefined ? undefined : `the route to ${topic.name} ${wrong}: ${body}`
}

function wrongMembers(
  { queues }: Topic,
  members: readonly MemberState[],
  { brokerDatas, queueDatas }: Route,
): string | undefined {
  const addresses = new Map(brokerDatas.map(({ brokerName, brokerAddrs }) => [brokerName, brokerAddrs]))
  const queueNames = queueDatas.map(({ brokerName }) => brokerName)
  if (addresses.size === 0) return 'has no broker'
  if (queueNames.length !== addresses.size || queueNames.some((name) => !addresses.has(name))) {
    return 'has not the same brokers twice'
  }
  for (const { readQueueNums, writeQueueNums, perm } of queueDatas) {
    if (readQueueNums !== queues || writeQueueNums !== queues || perm !== 6) return 'has other queues'
  }
  for (const [{ name, address }, isThere] of members) {
    const shown = addresses.get(name)
    addresses.delete(name)
    if (isThere === true && shown === undefined) return `lacks ${name}, which is alive`
    if (isThere === false && shown !== undefined) return `has ${name}, which has left`
    if (shown !== undefined && JSON.stringify(shown) !== `{"0":"${address}"}`)
      return `has other addresses of ${name}`
  }
  return addresses.size === 0 ? undefined : `has brokers of others: ${[...addresses.keys()]}`
}
