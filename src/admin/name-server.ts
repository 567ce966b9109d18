import { connect } from 'node:net'
import { firstLine } from '../common/describe-errno.ts'
import { LimitError } from '../common/limit-error.ts'
import { toEnd } from '../common/time-slicer.ts'
import {
  decodeClusters,
  decodeGroups,
  decodeKVTable,
  decodeTopicList,
  type ListedGroup,
} from '../protocol/body/lists-and-tables.ts'
import { decodeTopicRouteData, type ListedRoute } from '../protocol/body/topic-route-reader.ts'
import { CommandDecoder } from '../protocol/command-decoder.ts'
import { JsonError } from '../protocol/errors.ts'
import {
  CURRENT_VERSION,
  MQVersion,
  type RemotingCommand,
  requestCommand,
  SerializeType,
} from '../protocol/remoting-command.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { parseRemoteAddress } from '../remoting/address.ts'
import { type Connect, OutgoingConnection } from '../remoting/client/outgoing-connection.ts'
import { RemotingClientError } from '../remoting/errors.ts'
import { AdminError } from './admin-error.ts'
import type { Credentials } from './admin-options.ts'
import { connectionFailure } from './connection-failure.ts'

export interface NameServerOptions {
  readonly connect: Connect
  /** Whether that is over TLS. */
  readonly isTls: boolean
  /** Max time of one request, the time to connect included. */
  readonly timeoutMs: number
  readonly credentials: Credentials | undefined
  /** How messages name an option such as `tls` or `limit`. Default: as it is. */
  readonly optionName?: (name: string) => string
}

/** Without TLS. */
export const plainConnect: Connect = (address, onReady) => connect({ ...address, noDelay: true }, onReady)

/** The client that a lookup pretends to be. */
export interface RouteClient {
  /** MQVersion ordinal. */
  readonly version?: number | undefined
  /** To which it restricts its routes. */
  readonly zone?: string | undefined
}

/** What a NameServer says of brokers. */
export interface ClusterInfo {
  readonly groups: ReadonlyMap<string, ListedGroup>
  /** Broker names by cluster; a name may be in several. */
  readonly clusters: ReadonlyMap<string, readonly string[]>
}

/** A list of a million topics is longer than the 16 MiB of Java's clients. The greetings of other protocols are longer still. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024
const MAX_QUEUED_BYTES = 64 * 1024 * 1024

/** A NameServer that a command asks, ours or Java's: one connection, opened with the first request. */
export class NameServer {
  /** `host:port` */
  readonly address: string
  readonly #options: NameServerOptions
  readonly #decoder = new CommandDecoder()
  #connection: OutgoingConnection | undefined
  /** It, and former ones on which requests still wait. */
  readonly #opened = new Set<OutgoingConnection>()
  /** Chunks of data that have come in. */
  #chunks = 0
  #nextOpaque = 0
  /** Of the connection, to tell another protocol from ours. */
  #firstBytes: Buffer | undefined
  /** Whether it has the views; undefined before it was asked. */
  #hasViews: boolean | undefined
  /** The MQVersion ordinal in its last response; undefined before the first. */
  version: number | undefined

  constructor(address: string, options: NameServerOptions) {
    this.address = address
    this.#options = options
  }

  /**
   * Sends a request, signed if there is an account.
   * @param version - MQVersion ordinal in the request. Default: that of the release this program is compatible with.
   * @returns The response, whatever its code.
   * @throws {AdminError} (rejects) `unreachable`, `timeout`, `tls`, `protocol`
   */
  async invoke(
    code: number,
    fields: Readonly<Record<string, string>> = {},
    body: Buffer | null = null,
    version: number = CURRENT_VERSION,
  ): Promise<RemotingCommand> {
    const extFields = new Map(Object.entries(fields))
    const { credentials, timeoutMs } = this.#options
    if (credentials !== undefined) {
      // With node:crypto, which most commands start without.
      const { signatureOf } = await import('../access/signature.ts')
      extFields.set('AccessKey', credentials.accessKey)
      extFields.set('Signature', signatureOf(extFields, body, credentials.secretKey))
    }
    const request = { ...requestCommand(code, this.#nextOpaque++, extFields, { version }), body }
    const before = this.#chunks
    let connection: OutgoingConnection | undefined
    try {
      this.#connection ??= this.#open()
      connection = this.#connection
      const response = await connection.request(request, timeoutMs)
      this.version = response.version
      return response
    } catch (error) {
      const isTimeout = error instanceof RemotingClientError && error.code === 'ERR_TIMEOUT'
      // Nothing came at all: the peer may be gone without a word, so the next request opens a new connection.
      if (isTimeout && this.#chunks === before && this.#connection === connection)
        this.#connection = undefined
      throw this.#failureOf(error)
    } finally {
      if (connection !== undefined && connection !== this.#connection && !connection.busy)
        connection.destroy()
    }
  }

  /**
   * Sends a request that must succeed.
   * @returns The body, empty if the response has no body.
   * @throws {AdminError} (rejects) As {@link invoke}, and `denied`, `not_found`, `not_supported`, `failed` by the response.
   */
  async ask(
    code: number,
    fields: Readonly<Record<string, string>> = {},
    body: Buffer | null = null,
  ): Promise<Buffer> {
    const response = await this.invoke(code, fields, body)
    if (response.code !== ResponseCode.SUCCESS) throw responseError(response, this.address)
    return response.body ?? Buffer.alloc(0)
  }

  /**
   * The JSON of a view of the server, such as `/api/v1/status`.
   * @throws {AdminError} (rejects) `not_supported`: a NameServer without views, as Java's. `denied`: its access policy does
   * not allow it. Others as {@link ask}.
   */
  async view<Value>(path: string): Promise<Value> {
    if (this.#hasViews === false) throw this.#withoutViews()
    const response = this.#hasViews === true ? await this.#invokeView(path) : await this.#firstView(path)
    if (response === undefined || response.code === ResponseCode.REQUEST_CODE_NOT_SUPPORTED) {
      this.#hasViews = false
      throw this.#withoutViews()
    }
    this.#hasViews = true
    if (response.code !== ResponseCode.SUCCESS)
      throw viewError(response, this.address, this.#options.optionName)
    return this.#decoded(response.body ?? Buffer.alloc(0), (text) => JSON.parse(text.toString()) as Value)
  }

  /**
   * The view, or undefined if the server does not have it (`not_supported`) or does not show it to the machine of the command
   * (`denied`).
   * @param onMissing - Gets the reason then.
   * @throws {AdminError} (rejects) As {@link view} for other reasons.
   */
  async viewIfAny<Value>(
    path: string,
    onMissing: (reason: AdminError) => void = () => {},
  ): Promise<Value | undefined> {
    try {
      return await this.view<Value>(path)
    } catch (error) {
      if (!(error instanceof AdminError && (error.code === 'not_supported' || error.code === 'denied')))
        throw error
      onMissing(error)
      return undefined
    }
  }

  /** A list in a view. @throws {AdminError} `protocol`: the peer's code 1450 is something else. */
  listIn<Name extends string, Item>(
    view: Readonly<Record<Name, readonly Item[]>>,
    name: Name,
  ): readonly Item[] {
    const list: unknown = Object(view)[name]
    if (Array.isArray(list)) return list
    const what = `unexpected response from ${this.address} (is it mqnamesrv of another version?)`
    throw new AdminError('protocol', `${what}: no list of ${name}`)
  }

  /**
   * Broker groups by name, and the broker names of each cluster (106). Groups that have no members, which rejected registrations
   * leave, are left out, as the views do.
   * @throws {AdminError} (rejects)
   */
  async clusterInfo(): Promise<ClusterInfo> {
    const body = await this.ask(RequestCode.GET_BROKER_CLUSTER_INFO)
    const groups = this.#decoded(body, (bytes) => toEnd(decodeGroups(bytes)))
    return {
      groups: new Map([...groups].filter(([, { brokerAddrs }]) => brokerAddrs.size > 0)),
      clusters: this.#decoded(body, (bytes) => toEnd(decodeClusters(bytes))),
    }
  }

  /** Broker groups by name. @throws {AdminError} (rejects) @see clusterInfo */
  async brokerGroups(): Promise<ClusterInfo['groups']> {
    return (await this.clusterInfo()).groups
  }

  /** Names of all topics (206), in the server's order. @throws {AdminError} (rejects) */
  async topicNames(): Promise<ReadonlySet<string>> {
    const body = await this.ask(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)
    return this.#decoded(body, (bytes) => toEnd(decodeTopicList(bytes)))
  }

  /** Names of the topics of a cluster (224), in the server's order; none if there is no such cluster. @throws {AdminError} (rejects) */
  async topicNamesOf(cluster: string): Promise<ReadonlySet<string>> {
    const body = await this.ask(RequestCode.GET_TOPICS_BY_CLUSTER, { cluster })
    return this.#decoded(body, (bytes) => toEnd(decodeTopicList(bytes)))
  }

  /** The response to a lookup (105), as a client gets it; undefined if there is no route. @throws {AdminError} (rejects) */
  async route(topic: string, { version, zone }: RouteClient = {}): Promise<ListedRoute | undefined> {
    const zoneFields = zone === undefined ? {} : { __ZONE_MODE: 'true', __ZONE_NAME: zone }
    const fields = { topic, ...zoneFields }
    return this.routeIn(await this.invoke(RequestCode.GET_ROUTEINFO_BY_TOPIC, fields, null, version))
  }

  /** The route in such a response. @throws {AdminError} */
  routeIn(response: Pick<RemotingCommand, 'code' | 'remark' | 'body'>): ListedRoute | undefined {
    if (response.code === ResponseCode.TOPIC_NOT_EXIST) return undefined
    if (response.code !== ResponseCode.SUCCESS || response.body === null)
      throw responseError(response, this.address)
    return this.#decoded(response.body, decodeTopicRouteData)
  }

  /** The entries of a namespace (219); undefined if there is no such namespace. @throws {AdminError} (rejects) */
  async kvTable(namespace: string): Promise<ReadonlyMap<string, string> | undefined> {
    const response = await this.invoke(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace })
    if (response.code === ResponseCode.QUERY_NOT_FOUND) return undefined
    if (response.code !== ResponseCode.SUCCESS || response.body === null)
      throw responseError(response, this.address)
    return this.#decoded(response.body, (bytes) => toEnd(decodeKVTable(bytes)))
  }

  /** How messages name an option. */
  optionName(name: string): string {
    return this.#options.optionName?.(name) ?? name
  }

  /** Closes the connection. Requests without a response reject with `interrupted`; a later request connects again. */
  close(): void {
    for (const connection of this.#opened) connection.destroy()
    this.#connection = undefined
  }

  #open(): OutgoingConnection {
    const { connect, timeoutMs } = this.#options
    const opened = new OutgoingConnection(this.address, parseRemoteAddress(this.address), {
      connect: (address, onReady) =>
        connect(address, onReady)
          .on('data', () => this.#chunks++)
          .once('data', (bytes: Buffer) => {
            this.#firstBytes = bytes
          }),
      connectTimeoutMs: timeoutMs,
      closeIfTimeout: false,
      maxQueuedBytes: MAX_QUEUED_BYTES,
      maxFrameBytes: MAX_FRAME_BYTES,
      serializeType: SerializeType.JSON,
      commandDecoder: this.#decoder,
      nowMs: () => performance.now(),
      after: (delayMs, task) => {
        const timer = setTimeout(task, delayMs)
        return () => clearTimeout(timer)
      },
      onClose: (connection) => {
        this.#opened.delete(connection)
        if (this.#connection === connection) this.#connection = undefined
      },
    })
    this.#opened.add(opened)
    return opened
  }

  #invokeView(path: string): Promise<RemotingCommand> {
    return this.invoke(RequestCode.INSPECT, { path })
  }

  /**
   * Java's NameServer 4.x does not respond to a code that it does not know. So the first view is asked for together with a
   * request that every NameServer serves, whose response tells the release.
   * @returns Undefined if the server is older than 5.0.
   */
  async #firstView(path: string): Promise<RemotingCommand | undefined> {
    const view = this.#invokeView(path)
    // Its failure counts only if it is waited for.
    view.catch(() => {})
    const known = await this.invoke(RequestCode.GET_KV_CONFIG, { namespace: 'mqnamesrv', key: 'version' })
    return known.version < MQVersion.V5_0_0 ? undefined : await view
  }

  #withoutViews(): AdminError {
    return new AdminError('not_supported', `${this.address} is not mqnamesrv: it cannot show this`)
  }

  /** @throws {AdminError} `protocol` */
  #decoded<Value>(body: Buffer, decode: (body: Buffer) => Value): Value {
    try {
      return decode(body)
    } catch (error) {
      if (!(error instanceof JsonError || error instanceof SyntaxError)) throw error
      throw new AdminError('protocol', `unreadable response from ${this.address}: ${firstLine(error)}`)
    }
  }

  #failureOf(error: unknown): unknown {
    if (error instanceof LimitError)
      return new AdminError(
        'failed',
        `not sent to ${this.address}: requests that wait to be sent would exceed ${MAX_QUEUED_BYTES >> 20} MiB`,
      )
    if (!(error instanceof RemotingClientError)) return error
    const { timeoutMs, isTls } = this.#options
    const [firstBytes, maxFrameBytes] = [this.#firstBytes, MAX_FRAME_BYTES]
    const tlsOption = this.optionName('tls')
    const known = { address: this.address, timeoutMs, isTls, tlsOption, firstBytes, maxFrameBytes }
    const failure =
      error.code === 'ERR_CLIENT_CLOSED'
        ? new AdminError('interrupted', `closed before ${this.address} responded`)
        : connectionFailure(error, known)
    failure.cause = error
    return failure
  }
}

/**
 * What a response other than success means.
 * @param from - The NameServer.
 */
export function responseError(
  { code, remark }: Pick<RemotingCommand, 'code' | 'remark'>,
  from = 'the NameServer',
): AdminError {
  const message =
    // All that Java says.
    remark === 'disable'
      ? `${from} does not list topics: enableAllTopicList or enableTopicList is off`
      : firstLine(remark ?? '').trim() || `response code ${code}`
  switch (code) {
    case ResponseCode.NO_PERMISSION:
      return new AdminError('denied', message)
    case ResponseCode.REQUEST_CODE_NOT_SUPPORTED:
      return new AdminError('not_supported', message)
    case ResponseCode.TOPIC_NOT_EXIST:
    case ResponseCode.QUERY_NOT_FOUND:
      return new AdminError('not_found', message)
    case ResponseCode.GO_AWAY:
      return new AdminError('unreachable', `${from} is shutting down`)
    default:
      return new AdminError('failed', message)
  }
}

/** Parameters of views whose values are those of options of the same names. */
const OPTION = /^(address|kind|limit|since|sort|state)=/

/** The message of `{"error":{…}}`, the body of a view that failed. */
function viewError(
  response: RemotingCommand,
  from: string,
  optionName: NameServerOptions['optionName'],
): AdminError {
  const error = responseError(response, from)
  if (error.code === 'denied') return new AdminError('denied', `${from} does not show this: ${error.message}`)
  try {
    const { message } = (JSON.parse(response.body?.toString() ?? '') as { error: { message: string } }).error
    if (response.extFields?.get('status') !== '400') return new AdminError(error.code, message)
    const shown = message.replace(OPTION, (text, name: string) =>
      optionName ? `${optionName(name)} ` : text,
    )
    return new AdminError('usage', shown)
  } catch {
    return error
  }
}
