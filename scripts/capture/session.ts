/** What a capture session is given, and the request matchers that the sessions share. */
import type { FixtureWriter } from './fixture-writer.ts'
import type { Exchange, RecordedFrame, RecordingProxy } from './recording-proxy.ts'
import type { Stage } from './stage.ts'

/** Request codes that appear in fixtures, under their RocketMQ names. */
export const CODES = {
  PUT_KV_CONFIG: 100,
  GET_KV_CONFIG: 101,
  DELETE_KV_CONFIG: 102,
  REGISTER_BROKER: 103,
  UNREGISTER_BROKER: 104,
  GET_ROUTEINFO_BY_TOPIC: 105,
  GET_BROKER_CLUSTER_INFO: 106,
  WIPE_WRITE_PERM_OF_BROKER: 205,
  GET_ALL_TOPIC_LIST_FROM_NAMESERVER: 206,
  DELETE_TOPIC_IN_NAMESRV: 216,
  REGISTER_TOPIC_IN_NAMESRV: 217,
  GET_KVLIST_BY_NAMESPACE: 219,
  GET_TOPICS_BY_CLUSTER: 224,
  GET_SYSTEM_TOPIC_LIST_FROM_NS: 304,
  GET_UNIT_TOPIC_LIST: 311,
  QUERY_DATA_VERSION: 322,
  ADD_WRITE_PERM_OF_BROKER: 327,
  GET_BROKER_MEMBER_GROUP: 901,
  BROKER_HEARTBEAT: 904,
  NOTIFY_MIN_BROKER_ID_CHANGE: 905,
} as const

/** Name of a request code. */
export type CodeName = keyof typeof CODES

/** What a fixture's provenance says of the two sides and of the occasion. */
export interface Occasion {
  /** `broker`, `producer`, ...: the release is added; or `replayed: ...`, which stands as it is. */
  client: string
  /** What made the client send it. */
  why: string
}

/** One release on one stage, with the folder that receives what is captured. */
export class SessionContext {
  readonly stage: Stage
  readonly #writer: FixtureWriter

  constructor(stage: Stage, writer: FixtureWriter) {
    this.stage = stage
    this.#writer = writer
  }

  get release(): string {
    return this.stage.release.name
  }

  #peers(request: RecordedFrame, { client, why }: Occasion) {
    const { code } = request.frame
    const name = Object.entries(CODES).find(([, value]) => value === code)?.[0] ?? 'unknown code'
    return {
      client: client.startsWith('replayed') ? client : `${client} ${this.release}`,
      server: `NameServer ${this.release}`,
      command: `${name} (${code}): ${why}`,
    }
  }

  /** Saves a request and its response. */
  save(name: string, exchange: Exchange, occasion: Occasion): void {
    this.#writer.exchange(this.release, name, exchange, this.#peers(exchange.request, occasion))
  }

  /** Saves only the response, where the request is like one saved already. */
  saveResponse(name: string, { request, response }: Exchange, occasion: Occasion): void {
    const { client, server, command } = this.#peers(request, occasion)
    const provenance = { sender: server, receiver: client, command: `answer to ${command}` }
    this.#writer.frame(this.release, `${name}.response`, response, provenance)
  }

  /** Saves a oneway request; `towards` says who receives it. */
  saveOneway(name: string, request: RecordedFrame, occasion: Occasion, towards: 'server' | 'client'): void {
    const { client, server, command } = this.#peers(request, occasion)
    const [sender, receiver] = towards === 'server' ? [client, server] : [server, client]
    this.#writer.frame(this.release, `${name}.request`, request, { sender, receiver, command })
  }

  /** The bytes of a fixture saved earlier, of this or another release. */
  read(name: string, release: string = this.release): Buffer {
    return this.#writer.read(release, name)
  }
}

/** A session; `run` starts what it needs on the stage. */
export interface Session {
  name: string
  /** Releases the session makes sense for, by their version's first digit. */
  majors: readonly string[]
  run(context: SessionContext): Promise<void>
}

/** Accepts requests of a code whose ext fields hold the given values. */
export function isRequest(code: CodeName, extFields: Record<string, string> = {}) {
  return ({ frame }: RecordedFrame): boolean =>
    frame.code === CODES[code] &&
    Object.entries(extFields).every(([key, value]) => frame.extFields?.[key] === value)
}

/** The first exchange of a code on a proxy, with `isRequest`'s conditions. */
export function exchangeOf(
  proxy: RecordingProxy,
  code: CodeName,
  extFields: Record<string, string> = {},
  options: { after?: number; timeoutMs?: number } = {},
): Promise<Exchange> {
  const what = `${code} ${JSON.stringify(extFields)}`
  return proxy.exchange(what, isRequest(code, extFields), options)
}

/** Accepts an increment registration: one that names this topic and not the default topic every full one has. */
export function isIncrementOf(topic: string) {
  return (request: RecordedFrame): boolean => {
    const text = request.body.toString('utf8')
    return isRequest('REGISTER_BROKER')(request) && text.includes(`"${topic}"`) && !text.includes('"TBW102"')
  }
}
