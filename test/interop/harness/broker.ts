import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freeBrokerPort } from './broker-ports.ts'
import { updateBrokerConfig } from './broker-requests.ts'
import { ChildProgram } from './child-program.ts'
import { javaArguments, propertiesText } from './java.ts'
import { prepareHome } from './java-home.ts'
import type { Release } from './packages.ts'
import { until } from './wait-until.ts'

export interface BrokerOptions {
  readonly release: Release
  readonly name: string
  /** Default `InteropCluster`. */
  readonly cluster?: string
  /** Addresses `host:port` of every NameServer it registers with. */
  readonly nameServers: readonly string[]
  /** More or other properties of `broker.conf`. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>
  /** More options of the virtual machine. */
  readonly javaOptions?: readonly string[]
  /** Port to listen on; default a free one. */
  readonly port?: number
  /** Folder of the store of a broker that starts again; default a new one. */
  readonly store?: string
}

export interface Broker {
  readonly name: string
  /** `127.0.0.1:port`, under which it registers. */
  readonly address: string
  readonly port: number
  /** Folder of its store. */
  readonly store: string
  readonly program: ChildProgram
}

/** What 5.x stores need of the Java runtime's inner parts. */
export const OPENED_MODULES = [
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '--add-exports=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
]

/** Permission to read and to write, a broker's default. */
const READ_WRITE = 6

/** Several that start at once on two cores take a while; a second each where the machine is free. */
const START_TIMEOUT_MS = 100_000

/** Files of a few megabytes instead of gigabytes, and no refusal to store on a disk that is fairly full. */
const SMALL_STORE = {
  mappedFileSizeCommitLog: 16_777_216,
  mappedFileSizeConsumeQueue: 600_000,
  maxIndexNum: 100_000,
  maxHashSlotNum: 10_000,
  diskMaxUsedSpaceRatio: 99,
}

/** Text of `broker.conf`. */
export function brokerConf(
  { name, cluster = 'InteropCluster', nameServers, properties }: BrokerOptions,
  { home, port, store }: { readonly home: string; readonly port: number; readonly store: string },
): string {
  return propertiesText({
    brokerClusterName: cluster,
    brokerName: name,
    brokerId: 0,
    brokerIP1: '127.0.0.1',
    // Of its HA server. By default any address of this machine, which may come and go while the suite runs.
    brokerIP2: '127.0.0.1',
    listenPort: port,
    ...(nameServers.length > 0 && { namesrvAddr: nameServers.join(';') }),
    rocketmqHome: home,
    storePathRootDir: store,
    storePathCommitLog: join(store, 'commitlog'),
    // The minimum a broker accepts: it limits how long a restarted NameServer is without it.
    registerNameServerPeriod: 10_000,
    // By default a message that waits for 200 ms is rejected, which happens on a busy machine.
    waitTimeMillsInSendQueue: 10_000,
    ...SMALL_STORE,
    ...properties,
  })
}

/** Starts a broker; when this returns it takes connections, and its registration is on its way. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { release, name, javaOptions = [] } = options
  const port = options.port ?? (await freeBrokerPort())
  let store = ''
  const program = new ChildProgram({
    name: `${name}-${release}`,
    command: 'java',
    args: (home) => {
      prepareHome(home)
      const file = join(home, 'broker.conf')
      store = options.store ?? join(home, 'store')
      writeFileSync(file, brokerConf(options, { home, port, store }))
      return javaArguments(home, {
        release,
        mainClass: 'org.apache.rocketmq.broker.BrokerStartup',
        maxHeap: '512m',
        options: [...OPENED_MODULES, ...javaOptions],
        args: ['-c', file],
      })
    },
  })
  await program.until(
    'it says that it has started',
    () => program.lines.some((line) => line.includes('boot success')),
    START_TIMEOUT_MS,
  )
  const broker = { name, address: `127.0.0.1:${port}`, port, store, program }
  if (registersLate(options)) {
    const permission = `${options.properties?.['brokerPermission'] ?? READ_WRITE}`
    await until(`${name} takes its permission`, async () => {
      await updateBrokerConfig(broker, 'brokerPermission', permission)
      return true
    })
  }
  return broker
}

/**
 * A broker of 5.x finds no NameServer yet when it registers at its start, and tries again ten seconds later. Setting its permission to
 * what it is makes it register at once. In controller mode it must not: its controller has not given it an id yet.
 */
function registersLate({ release, properties }: BrokerOptions): boolean {
  return !release.startsWith('4.') && properties?.['enableControllerMode'] !== true
}
