import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Broker, brokerConf, OPENED_MODULES } from './broker.ts'
import { freeBrokerPort, freePort } from './broker-ports.ts'
import { ChildProgram } from './child-program.ts'
import { javaArguments, propertiesText } from './java.ts'
import { prepareHome } from './java-home.ts'

export interface BrokerContainerOptions {
  /** Names of the brokers, each the master of its own group. */
  readonly names: readonly string[]
  /** Addresses `host:port` of every NameServer that they register with. */
  readonly nameServers: readonly string[]
}

export interface BrokerContainer {
  /** The brokers, which share one program. */
  readonly brokers: readonly Broker[]
  readonly program: ChildProgram
}

/** There are containers from 5.0 on; one release will do. */
const RELEASE = '5.5.0'

/** Starts several brokers in one Java process, which share its connections. */
export async function startBrokerContainer({
  names,
  nameServers,
}: BrokerContainerOptions): Promise<BrokerContainer> {
  const containerPort = await freePort()
  const ports = await Promise.all(names.map(freeBrokerPort))
  const places = names.map((name, index) => ({ name, port: ports[index] ?? 0, store: '' }))
  const program = new ChildProgram({
    name: `container-${RELEASE}`,
    command: 'java',
    args: (home) => {
      prepareHome(home)
      const files = places.map((place) => {
        const { name, port } = place
        place.store = join(home, `store-${name}`)
        const file = join(home, `${name}.conf`)
        const options = { release: RELEASE, name, nameServers } as const
        writeFileSync(file, brokerConf(options, { home, port, store: place.store }))
        return file
      })
      const file = join(home, 'container.conf')
      writeFileSync(
        file,
        propertiesText({
          rocketmqHome: home,
          namesrvAddr: nameServers.join(';'),
          brokerContainerIP: '127.0.0.1',
          listenPort: containerPort,
          brokerConfigPaths: files.join(':'),
        }),
      )
      return javaArguments(home, {
        release: RELEASE,
        mainClass: 'org.apache.rocketmq.container.BrokerContainerStartup',
        maxHeap: '512m',
        options: OPENED_MODULES,
        args: ['-c', file],
      })
    },
  })
  await program.until('it says that every broker has started', () =>
    names.every((name) => program.lines.some((line) => line.includes(`[${name}-0] boot success`))),
  )
  const brokers = places.map((place) => ({ ...place, address: `127.0.0.1:${place.port}`, program }))
  return { brokers, program }
}
