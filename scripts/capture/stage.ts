/** A stage for one capture session: a NameServer, brokers, clients, each behind a recording proxy of its own. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/ports.ts'
import { JavaProcess, type Release } from './java-process.ts'
import { RecordingProxy } from './recording-proxy.ts'

/** Lines of a Java `.properties` file. */
export type Properties = Record<string, string | number | boolean>

/** A process and what it said. */
export interface Peer {
  process: JavaProcess
  proxy: RecordingProxy
}

/** What the cluster is called in every fixture; neutral, because these names travel in the frames. */
export const NAMES = { cluster: 'capture-cluster', broker: 'broker-a' } as const

/** The JVM option that makes a peer send binary headers. */
export const BINARY_HEADERS = ['-Drocketmq.serialize.type=ROCKETMQ']

/** Ports and addresses of the two brokers, the same in every session so that fixtures differ only where they must. */
export const BROKERS = [
  { port: 31911, haPort: 31912 },
  { port: 31921, haPort: 31922 },
] as const

const JAVA_SOURCES = fileURLToPath(new URL('./java/', import.meta.url))
// 4.9.x does not start without its logging files; an empty one turns logging off.
const LOGBACK_FILES = ['logback_namesrv.xml', 'logback_broker.xml', 'logback_tools.xml']
// A broker that fits on a small disk.
const SMALL_STORE: Properties = {
  mappedFileSizeCommitLog: 16_777_216,
  mappedFileSizeConsumeQueue: 600_000,
  maxIndexNum: 100_000,
  maxHashSlotNum: 10_000,
  diskMaxUsedSpaceRatio: 99,
}

/** Everything a session starts, ended by `close` in reverse order. */
export class Stage {
  readonly release: Release
  readonly #folder: string
  readonly #running: (() => Promise<void>)[] = []
  #count = 0

  /** @param folder - A work folder of this session's own; stores and logs go there. */
  constructor(release: Release, folder: string) {
    this.release = release
    this.#folder = folder
  }

  #home(name: string): string {
    const home = join(this.#folder, name)
    mkdirSync(join(home, 'conf'), { recursive: true })
    for (const file of LOGBACK_FILES) writeFileSync(join(home, 'conf', file), '<configuration/>\n')
    return home
  }

  #config(home: string, properties: Properties): string {
    const file = join(home, `${this.#count++}.conf`)
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(file, lines.join(''))
    return file
  }

  #start(name: string, home: string, jvm: readonly string[], main: string, args: string[]): JavaProcess {
    const logFile = join(this.#folder, `${name}-${this.#count++}.log`)
    const started = new JavaProcess({ release: this.release, jvm, main, args, home, logFile })
    this.#running.push(() => started.stop())
    return started
  }

  /** A proxy in front of a port on 127.0.0.1. */
  async proxy(upstreamPort: number, listen: { host: string; port: number } | null = null) {
    const proxy = await RecordingProxy.listen({
      upstreamPort,
      ...(listen && { listenHost: listen.host, listenPort: listen.port }),
    })
    this.#running.push(() => proxy.close())
    return proxy
  }

  /** Starts a NameServer and waits until it listens. Without `port` it takes a free one. */
  async nameServer(
    properties: Properties = {},
    options: { jvm?: readonly string[]; port?: number } = {},
  ): Promise<{ process: JavaProcess; port: number }> {
    const port = options.port ?? (await freePort())
    const home = this.#home('namesrv')
    const config = this.#config(home, {
      bindAddress: '127.0.0.1',
      listenPort: port,
      // Each starts without the order configuration of the ones before it.
      kvConfigPath: join(home, `${port}-kv.json`),
      ...properties,
    })
    const jvm = ['-Xmx256m', ...(options.jvm ?? [])]
    const started = this.#start('namesrv', home, jvm, 'org.apache.rocketmq.namesrv.NamesrvStartup', [
      '-c',
      config,
    ])
    await started.listening(port)
    return { process: started, port }
  }

  /** Starts a broker behind a proxy to the NameServer and waits until it listens. */
  async broker(
    nameServerPort: number,
    properties: Properties = {},
    options: { jvm?: readonly string[]; index?: 0 | 1; home?: string } = {},
  ): Promise<Peer> {
    const index = options.index ?? 0
    const proxy = await this.proxy(nameServerPort)
    const home = this.#home(options.home ?? `broker-${index}`)
    const config = this.#config(home, {
      brokerClusterName: NAMES.cluster,
      brokerName: NAMES.broker,
      brokerId: 0,
      brokerIP1: '127.0.0.1',
      brokerIP2: '127.0.0.1',
      bindAddress: '127.0.0.1',
      listenPort: BROKERS[index].port,
      haListenPort: BROKERS[index].haPort,
      namesrvAddr: `127.0.0.1:${proxy.port}`,
      registerNameServerPeriod: 10_000,
      storePathRootDir: join(home, 'store'),
      storePathCommitLog: join(home, 'store', 'commitlog'),
      ...SMALL_STORE,
      ...properties,
    })
    const jvm = ['-Xmx512m', ...(options.jvm ?? [])]
    const started = this.#start('broker', home, jvm, 'org.apache.rocketmq.broker.BrokerStartup', [
      '-c',
      config,
    ])
    await started.listening(BROKERS[index].port)
    return { process: started, proxy }
  }

  /** Runs one mqadmin command to its end and returns what it said to the NameServer. */
  async mqadmin(
    nameServerPort: number,
    args: readonly string[],
    jvm: readonly string[] = [],
  ): Promise<RecordingProxy> {
    const proxy = await this.proxy(nameServerPort)
    const [command = '', ...rest] = args
    const main = 'org.apache.rocketmq.tools.command.MQAdminStartup'
    const all = [command, '-n', `127.0.0.1:${proxy.port}`, ...rest]
    await this.#start('mqadmin', this.#home('tools'), ['-Xmx256m', ...jvm], main, all).finished()
    return proxy
  }

  /** Runs one of the programs in `java/` to its end and returns what it said to the NameServer. */
  async program(
    nameServerPort: number,
    file: string,
    args: readonly string[] = [],
    jvm: readonly string[] = [],
  ): Promise<RecordingProxy> {
    const proxy = await this.proxy(nameServerPort)
    const all = [`127.0.0.1:${proxy.port}`, ...args]
    const options = ['-Xmx256m', ...jvm]
    await this.#start(file, this.#home('tools'), options, join(JAVA_SOURCES, file), all).finished()
    return proxy
  }

  /** Ends everything, the youngest first. */
  async close(): Promise<void> {
    for (const end of this.#running.reverse()) await end()
  }
}
