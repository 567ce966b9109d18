import { onTestFinished } from 'vitest'
import { NameServer } from '../../../src/admin/name-server.ts'
import { commandConnect } from '../../../src/cli/client/connect.ts'
import { ObservedNameServer, type Polling } from '../../../src/cli/observe/observed-name-server.ts'
import { testContext } from '../../support/test-context.ts'
import { until } from '../../support/until.ts'

/** A NameServer that a command asks; nothing is signed. */
export async function nameServerAt(address: string): Promise<NameServer> {
  const connection = await commandConnect({ isTls: false })
  return new NameServer(address, { ...connection, timeoutMs: 50_000, credentials: undefined })
}

/** A NameServer that is polled in time that passes only when a test says so. */
export async function observe(address: string, polling: Partial<Polling> = {}) {
  const { context, time, lines } = testContext()
  const observed = new ObservedNameServer(context, await nameServerAt(address), {
    intervalMs: 10_000,
    routesMs: 300_000,
    maxLookups: 50,
    ...polling,
  })
  onTestFinished(() => observed.stop())
  const idle = () => until('the poll has ended', () => time.timers > 0)
  observed.start()
  await idle()
  return {
    observed,
    lines,
    events: () => context.events.list().map(({ kind, subject, text }) => [kind, subject, text]),
    nowMs: () => time.nowMs(),
    /** Lets time pass, a step at a time, each until its poll has ended. */
    pass: async (steps: number, stepMs = 1_000) => {
      for (let step = 0; step < steps; step++) {
        time.advance(stepMs)
        await idle()
      }
    },
  }
}

/** The response to 106 with groups of masters, in the dialect of Java 4.x, which does not quote numbers as keys. */
export function clusterInfo(masters: Readonly<Record<string, string>>, cluster = 'DefaultCluster'): string {
  const groups = Object.entries(masters).map(
    ([name, address]) =>
      `"${name}":{"brokerAddrs":{0:"${address}"},"brokerName":"${name}","cluster":"${cluster}"}`,
  )
  const names = Object.keys(masters)
  return `{"brokerAddrTable":{${groups.join()}},"clusterAddrTable":{"${cluster}":${JSON.stringify(names)}}}`
}

/** The response to 206. */
export function topicList(...topics: string[]): string {
  return JSON.stringify({ topicList: topics })
}

/** The response to 105 with queues on brokers. */
export function route(queues: Readonly<Record<string, number>>, perm = 6): string {
  const queueDatas = Object.entries(queues).map(([brokerName, count]) => ({
    brokerName,
    perm,
    readQueueNums: count,
    topicSysFlag: 0,
    writeQueueNums: count,
  }))
  return JSON.stringify({ brokerDatas: [], filterServerTable: {}, queueDatas })
}
