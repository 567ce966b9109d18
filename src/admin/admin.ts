import { shownValue } from '../common/shown-value.ts'
import type { Views } from '../inspect/api-types.ts'
import { membersById } from '../inspect/broker-member.ts'
import { ViewError } from '../inspect/view-error.ts'
import { type ViewArguments, type ViewPath, viewTarget } from '../inspect/view-target.ts'
import { MAX_TIMER_MS } from '../namesrv/config/config-key.ts'
import { versionOfRelease } from '../protocol/version-name.ts'
import { AdminError } from './admin-error.ts'
import type { AdminOptions } from './admin-options.ts'
import { applied } from './applied.ts'
import type { BrokerGroup } from './broker-group.ts'
import { readBrokerGroups } from './brokers.ts'
import { checkNames, checkOptions, checkTexts } from './check-arguments.ts'
import { configurationOf, ignoredKey, typedValue, updateConfiguration } from './configuration.ts'
import { deleteKV, kvValue, noEntry, putKV } from './kv.ts'
import { NameServer, plainConnect } from './name-server.ts'
import { namesrvAddress } from './namesrv-address.ts'
import type { ServerKey } from './server-key.ts'
import { tlsConnect } from './tls-connect.ts'
import { brokersToDelete, deleteTopic } from './topic-deletion.ts'
import { changePermission, checkBroker } from './write-permission.ts'

/** The client as which a route is looked up. */
export interface RouteOptions {
  /** Release of the client, such as `4.9.7`. Default: the release that this package is compatible with. */
  readonly version?: string | undefined
  /** Zone to which the client restricts its routes. Default: none. */
  readonly zone?: string | undefined
}

/** The route of a topic, as the NameServer gives it to clients. */
export interface TopicRoute {
  /** Broker groups with queues of the topic. */
  readonly groups: readonly {
    readonly brokerName: string
    readonly cluster: string | null
    readonly zone: string | null
    /** By id, the master (0) first. An id beyond the safe integers is a string of its digits. */
    readonly brokers: readonly { readonly brokerId: number | string; readonly address: string }[]
  }[]
  /** The queues on each broker group. */
  readonly queues: readonly {
    readonly brokerName: string
    readonly readQueues: number
    readonly writeQueues: number
    /** Bits: 4 readable, 2 writable. */
    readonly perm: number
  }[]
  /** Order configuration, if the server adds it to routes; null if it adds nothing. */
  readonly orderConf: string | null
}

/** Restricts a request to a cluster. */
export interface ClusterOption {
  /** Name of the cluster. Default: all. */
  readonly cluster?: string | undefined
}

/**
 * A client of one NameServer, this program's or Java's of any release since 4.9. NameServers do not copy changes to each other, so
 * what should change on all of them is done with an admin for each.
 *
 * Every method rejects with an {@link AdminError}. The message of one that may have changed something without a response says so.
 */
export interface Admin {
  /** `host:port` of the NameServer. */
  readonly address: string
  /** The route of a topic (105); undefined for a topic without a route. */
  route(topic: string, options?: RouteOptions): Promise<TopicRoute | undefined>
  /** Names of topics (206; of a cluster 224), in the server's order. */
  topics(options?: ClusterOption): Promise<string[]>
  /** Broker groups by name. Java's NameServer tells names and addresses only (106): what it does not tell is null. */
  brokers(options?: ClusterOption): Promise<BrokerGroup[]>
  /**
   * Deletes a topic from the routes (216), and checks that it is gone. Brokers that still have it register it again: delete it on
   * them first.
   */
  deleteTopic(topic: string, options?: ClusterOption): Promise<void>
  /**
   * Takes the write permission of all topics of a broker group away (205), until it is restored or the brokers register a change.
   * @returns Number of its topics, whether they have changed or not; null if the server does not say.
   */
  wipeWritePermission(brokerName: string): Promise<number | null>
  /** Gives the write permission back (327). @returns As {@link wipeWritePermission}. */
  restoreWritePermission(brokerName: string): Promise<number | null>
  /** Value of an entry of the key-value table (101); undefined for an unknown key. */
  getKV(namespace: string, key: string): Promise<string | undefined>
  /** Entries of a namespace (219), by key; undefined for an unknown namespace. */
  listKV(namespace: string): Promise<ReadonlyMap<string, string> | undefined>
  /** Sets an entry (100), and reads it back. */
  putKV(namespace: string, key: string, value: string): Promise<void>
  /** Deletes an entry (102); `not_found` for an unknown key. */
  deleteKV(namespace: string, key: string): Promise<void>
  /** Keys of the configuration in effect. Of Java's NameServer names and values only (319). */
  config(): Promise<readonly ServerKey[]>
  /**
   * Sets keys of the configuration (318), and reads them back: `failed` if the server accepts one and does not change it.
   * @returns A warning of the server, such as that the change lasts until it stops; null without a warning.
   */
  updateConfig(values: Readonly<Record<string, string | number | boolean>>): Promise<string | null>
  /**
   * What the server shows of itself (1450), with the values and types of its HTTP API; `not_supported` by Java's NameServer.
   * @param path - As in docs/http-api.md, with its `{names}`.
   * @param parameters - Of the path and the query.
   */
  view<Path extends ViewPath>(path: Path, ...parameters: ViewArguments<Path>): Promise<Views[Path]>
  /** Closes the connection. Requests without a response reject with `interrupted`; a later request connects again. */
  close(): void
}

const DEFAULT_TIMEOUT_MS = 3_000
const OPTION_NAMES = ['namesrvAddr', 'timeoutMs', 'tls', 'credentials']
const TLS_NAMES = ['ca', 'cert', 'key', 'serverName']
const CREDENTIAL_NAMES = ['accessKey', 'secretKey']

/**
 * Creates a client of a NameServer. It has one connection, opened with the first request, which keeps the process alive until
 * {@link Admin.close}.
 * @throws {AdminError} `usage`: options that cannot be used.
 */
export function createAdmin(options: AdminOptions): Admin {
  checkOptions('createAdmin: the options', options, OPTION_NAMES)
  const { namesrvAddr, timeoutMs = DEFAULT_TIMEOUT_MS, tls = false, credentials } = options
  // A misspelt `ca` would leave the certificate unchecked.
  if (typeof tls !== 'boolean') checkOptions('createAdmin: tls', tls, TLS_NAMES, 'tls.')
  if (credentials !== undefined) {
    checkOptions('createAdmin: credentials', credentials, CREDENTIAL_NAMES, 'credentials.')
    const { accessKey, secretKey } = credentials
    checkNames('createAdmin', { 'credentials.accessKey': accessKey, 'credentials.secretKey': secretKey })
  }
  if (typeof namesrvAddr !== 'string' || namesrvAddr.trim() === '')
    throw new AdminError('usage', 'createAdmin: namesrvAddr is missing; give host:port')
  if (/[;,]/.test(namesrvAddr))
    throw new AdminError(
      'usage',
      `createAdmin: namesrvAddr ${JSON.stringify(namesrvAddr)} has several NameServers; create an admin for each`,
    )
  if (!(Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= MAX_TIMER_MS))
    throw new AdminError(
      'usage',
      `createAdmin: timeoutMs ${shownValue(timeoutMs)} must be from 1 to ${MAX_TIMER_MS} ms`,
    )
  const connect = tls === false ? plainConnect : tlsConnect(tls === true ? {} : tls)
  return new NameServerAdmin(
    new NameServer(namesrvAddress(namesrvAddr.trim()), {
      connect,
      isTls: tls !== false,
      timeoutMs,
      credentials,
    }),
  )
}

/** The cluster to which a method is restricted. @throws {AdminError} `usage` */
function clusterOf(caller: string, options: ClusterOption): string | undefined {
  checkOptions(`${caller}: the options`, options, ['cluster'])
  const { cluster } = options
  if (cluster !== undefined) checkNames(caller, { cluster })
  return cluster
}

/** @throws {AdminError} `usage`: a parameter of the path is missing. */
function targetOf(path: string, parameters: object | undefined): string {
  checkNames('view', { path })
  try {
    return viewTarget(path, parameters)
  } catch (error) {
    throw error instanceof ViewError ? new AdminError('usage', error.message) : error
  }
}

class NameServerAdmin implements Admin {
  readonly address: string
  readonly #server: NameServer

  constructor(server: NameServer) {
    this.address = server.address
    this.#server = server
  }

  async route(topic: string, options: RouteOptions = {}): Promise<TopicRoute | undefined> {
    checkNames('route', { topic })
    checkOptions('route: the options', options, ['version', 'zone'])
    const { version, zone } = options
    checkTexts('route', { ...(version !== undefined && { version }), ...(zone !== undefined && { zone }) })
    const ordinal = version === undefined ? undefined : versionOfRelease(version)
    if (version !== undefined && ordinal === undefined)
      throw new AdminError('usage', `version ${JSON.stringify(version)} is not a release: 4.9.7, 5.5.0`)
    const route = await this.#server.route(topic, { version: ordinal, zone })
    if (route === undefined) return undefined
    return {
      groups: route.brokerDatas.map(({ brokerName, cluster, zoneName, brokerAddrs }) => ({
        brokerName: brokerName ?? '',
        cluster,
        zone: zoneName,
        brokers: membersById(brokerAddrs),
      })),
      queues: route.queueDatas.map(({ brokerName, readQueueNums, writeQueueNums, perm }) => ({
        brokerName: brokerName ?? '',
        readQueues: readQueueNums,
        writeQueues: writeQueueNums,
        perm,
      })),
      orderConf: route.orderTopicConf,
    }
  }

  async topics(options: ClusterOption = {}): Promise<string[]> {
    const cluster = clusterOf('topics', options)
    const names = cluster === undefined ? this.#server.topicNames() : this.#server.topicNamesOf(cluster)
    return [...(await names)]
  }

  async brokers(options: ClusterOption = {}): Promise<BrokerGroup[]> {
    const cluster = clusterOf('brokers', options)
    return await readBrokerGroups(this.#server, { cluster, notes: new Set() })
  }

  async deleteTopic(topic: string, options: ClusterOption = {}): Promise<void> {
    checkNames('deleteTopic', { topic })
    const cluster = clusterOf('deleteTopic', options)
    await brokersToDelete(this.#server, topic, cluster)
    await applied(deleteTopic(this.#server, topic, cluster))
  }

  async wipeWritePermission(brokerName: string): Promise<number | null> {
    checkNames('wipeWritePermission', { brokerName })
    await checkBroker(this.#server, brokerName)
    return await applied(changePermission(this.#server, 'wipe', brokerName))
  }

  async restoreWritePermission(brokerName: string): Promise<number | null> {
    checkNames('restoreWritePermission', { brokerName })
    await checkBroker(this.#server, brokerName)
    return await applied(changePermission(this.#server, 'restore', brokerName))
  }

  async getKV(namespace: string, key: string): Promise<string | undefined> {
    checkTexts('getKV', { namespace, key })
    return await kvValue(this.#server, namespace, key)
  }

  async listKV(namespace: string): Promise<ReadonlyMap<string, string> | undefined> {
    checkTexts('listKV', { namespace })
    return await this.#server.kvTable(namespace)
  }

  async putKV(namespace: string, key: string, value: string): Promise<void> {
    checkTexts('putKV', { namespace, key, value })
    await applied(putKV(this.#server, namespace, key, value))
  }

  async deleteKV(namespace: string, key: string): Promise<void> {
    checkTexts('deleteKV', { namespace, key })
    const previous = await kvValue(this.#server, namespace, key)
    if (previous === undefined) throw noEntry(namespace, key, this.#server)
    await applied(deleteKV(this.#server, namespace, key))
  }

  async config(): Promise<readonly ServerKey[]> {
    const { keys } = await configurationOf(this.#server)
    return keys
  }

  async updateConfig(values: Readonly<Record<string, string | number | boolean>>): Promise<string | null> {
    if (typeof values !== 'object' || values === null || Array.isArray(values))
      throw new AdminError('usage', `updateConfig: the keys must be an object, not ${shownValue(values)}`)
    const wanted = Object.entries(values).map(([key, value]) => {
      if (!['string', 'number', 'boolean'].includes(typeof value))
        throw new AdminError(
          'usage',
          `updateConfig: ${key} must be a string, number or boolean, not ${shownValue(value)}`,
        )
      return [key, `${value}`] as const
    })
    if (wanted.length === 0) return null
    const remark = await applied(updateConfiguration(this.#server, wanted))
    const keys = await this.config()
    const now = new Map(keys.map(({ key, value }) => [key, value ?? '']))
    const ignored = wanted
      .filter(([key, value]) => now.get(key) !== typedValue(key, value))
      .map(([key]) => ignoredKey(key, this.address, keys))
    if (ignored.length > 0) throw new AdminError('failed', ignored.join('; '))
    return remark === '' ? null : remark
  }

  async view<Path extends ViewPath>(path: Path, ...[parameters]: ViewArguments<Path>): Promise<Views[Path]> {
    return await this.#server.view(targetOf(path, parameters))
  }

  close(): void {
    this.#server.close()
  }
}
