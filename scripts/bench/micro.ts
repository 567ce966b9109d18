/**
 * The parts of the hot paths alone, in one process: which one has become slower, when the benchmark says that something has.
 *
 *     npm run bench:micro [-- NAME…]
 *
 * Prints nanoseconds of processor time per operation, the best of several rounds: on a busy machine the minimum is the steadiest.
 * They compare with those of another revision on the same machine, and with nothing else.
 */

import { createSecretKey } from 'node:crypto'
import { Signatures } from '../../src/access/signature.ts'
import { TimeSlicer } from '../../src/common/time-slicer.ts'
import { Observations } from '../../src/inspect/findings/finding.ts'
import { checkTopics } from '../../src/inspect/findings/topic-rules.ts'
import { RouteHistory } from '../../src/inspect/history/route-history.ts'
import { readRegisterBrokerBody } from '../../src/protocol/body/register-broker-body.ts'
import { encodeTopicRouteData } from '../../src/protocol/body/topic-route-data.ts'
import { CommandDecoder } from '../../src/protocol/command-decoder.ts'
import { writeResponse } from '../../src/protocol/command-encoder.ts'
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts'
import { RemarkTemplate } from '../../src/protocol/remoting-command.ts'
import type { AppliedRegistration, Registration } from '../../src/routeinfo/registration.ts'
import { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import { ACCOUNTS, type ClusterShape, registrationBody, routeFrames } from './cluster.ts'
import { type RequestFrame, signed } from './request-frames.ts'

interface Micro {
  readonly name: string
  /** Operations per round. */
  readonly count: number
  /** Sets up, and returns what runs a number of operations. */
  readonly prepare: () => (count: number) => void
}

const ROUNDS = 7
const shape: ClusterShape = { prefix: 'Bench', brokers: 2, topics: 1_000 }
const large: ClusterShape = { prefix: 'Large', brokers: 1, topics: 20_000 }
const owner = { closed: false }
const variant = { dialect: 'standard', supportActingMaster: false, orderTopicConf: null } as const

/** What operations give is put here, so that none is left out for being of no use. */
let sink: unknown

const micros: readonly Micro[] = [
  { name: 'frame: 16 lookups in one read, cut', count: 20_000, prepare: cutFrames },
  { name: 'header: JSON lookup, decoded', count: 200_000, prepare: () => decodeEach(routeFrames(shape)) },
  { name: 'header: ROCKETMQ lookup, decoded', count: 200_000, prepare: () => decodeEach(binaryFrames()) },
  { name: 'signature of a lookup, verified before', count: 100_000, prepare: () => verifySignatures(1) },
  { name: 'signature of a lookup, not verified before', count: 40_000, prepare: () => verifySignatures(40) },
  { name: 'response: route of two brokers, written', count: 200_000, prepare: writeRoutes },
  { name: 'response: no such topic, written', count: 200_000, prepare: writeRefusals },
  { name: 'route of two brokers, encoded', count: 50_000, prepare: encodeRoutes },
  { name: 'tables: lookup of one topic in 1,000', count: 200_000, prepare: () => lookUp(1_000) },
  { name: 'tables: lookup of one topic in 100,000', count: 200_000, prepare: () => lookUp(100_000) },
  { name: 'tables: heartbeat', count: 100_000, prepare: heartbeats },
  { name: 'tables: registration of 20,000 topics, the same', count: 3, prepare: registerSame },
  { name: 'registration of 20,000 topics, one changed, from its bytes', count: 4, prepare: registerChange },
  { name: 'tables: scan of 5,000 brokers for inactive ones', count: 200, prepare: scan },
  { name: 'findings: 100,000 topics on two brokers each, checked', count: 2, prepare: checkAllTopics },
  { name: 'body: 20,000 topics, read', count: 2, prepare: readWhole },
  { name: 'body: 20,000 topics, compared with the same', count: 2, prepare: readExpected },
]

function cutFrames(): (count: number) => void {
  const chunk = Buffer.concat(
    routeFrames(shape)
      .slice(0, 16)
      .map(({ bytes }) => bytes),
  )
  const decoder = new FrameDecoder(16_777_216)
  return (count) => {
    for (let i = 0; i < count; i++) {
      decoder.append(chunk)
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) sink = frame
    }
  }
}

function decodeEach(frames: readonly Pick<RequestFrame, 'bytes'>[]): (count: number) => void {
  const all = frames.map(({ bytes }) => bytes.subarray(4))
  const decoder = new CommandDecoder()
  return (count) => {
    for (let i = 0; i < count; i++) {
      sink = decoder.decode(all[i % all.length] as Buffer)
    }
  }
}

/** @param accounts - Each signs a lookup of 1,000 topics; of forty, more contents than are cached. */
function verifySignatures(accounts: number): (count: number) => void {
  const known = ACCOUNTS.slice(0, accounts).map(({ accessKey, secretKey }) => ({
    identity: { kind: 'account', name: accessKey, roles: new Set<string>() } as const,
    secrets: [createSecretKey(Buffer.from(secretKey))],
    isUsableFrom: () => true,
  }))
  const signatures = new Signatures(new Map(known.map((account) => [account.identity.name, account])))
  const all = ACCOUNTS.slice(0, accounts).flatMap(({ accessKey, secretKey }) =>
    Array.from({ length: 1_000 }, (_, topic) => {
      const { extFields } = signed(
        { code: 105, extFields: { topic: `Topic-${topic}` } },
        accessKey,
        secretKey,
      )
      return new Map(Object.entries(extFields))
    }),
  )
  const sender = { host: '10.0.0.1', isTls: false }
  return (count) => {
    for (let i = 0; i < count; i++)
      sink = signatures.verify(all[i % all.length] as Map<string, string>, null, sender)
  }
}

function binaryFrames(): { bytes: Buffer }[] {
  return Array.from({ length: shape.topics }, (_, number) => {
    const topic = Buffer.from(`BenchTopic-${String(number).padStart(5, '0')}`)
    const bytes = Buffer.alloc(8 + 21 + 2 + 5 + 4 + topic.length)
    bytes.writeInt32BE(bytes.length - 4, 0)
    bytes.writeInt32BE((1 << 24) | (bytes.length - 8), 4)
    bytes.writeInt16BE(105, 8)
    bytes.writeInt16BE(513, 11)
    bytes.writeInt32BE(11 + topic.length, 25)
    bytes.writeInt16BE(5, 29)
    bytes.write('topic', 31)
    bytes.writeInt32BE(topic.length, 36)
    topic.copy(bytes, 40)
    return { bytes }
  })
}

const route = {
  orderTopicConf: null,
  topicQueueMappingByBroker: null,
  filterServerTable: new Map<string, string[]>(),
  queueDatas: ['a', 'b'].map((brokerName) => ({
    brokerName,
    perm: 6,
    readQueueNums: 8,
    writeQueueNums: 8,
    topicSysFlag: 0,
  })),
  brokerDatas: ['a', 'b'].map((brokerName) => ({
    cluster: 'C',
    brokerName,
    brokerAddrs: new Map([[0n, '10.1.0.1:10911']]),
    zoneName: null,
    enableActingMaster: false,
  })),
}

function writeRoutes(): (count: number) => void {
  const room = Buffer.alloc(65_536)
  const response = { code: 0, body: encodeTopicRouteData(route, 'standard') }
  return (count) => {
    for (let i = 0; i < count; i++) sink = writeResponse(room, 0, response, 1_000_000_000 + i)
  }
}

function writeRefusals(): (count: number) => void {
  const room = Buffer.alloc(65_536)
  const template = new RemarkTemplate(
    'No topic route info in name server for the topic: ',
    '\nSee elsewhere.',
  )
  return (count) => {
    for (let i = 0; i < count; i++) {
      const response = { code: 17, remark: template.with('BenchTopic-00001') }
      sink = writeResponse(room, 0, response, 1_000_000_000 + i)
    }
  }
}

function encodeRoutes(): (count: number) => void {
  return (count) => {
    for (let i = 0; i < count; i++) sink = encodeTopicRouteData(route, 'standard')
  }
}

function manager(): RouteInfoManager {
  const slicer = new TimeSlicer({ nowMs: () => 0, defer: () => {} })
  return new RouteInfoManager({ slicer, onEvent: () => {} })
}

function registration(tables: RouteInfoManager, broker: number, topics: number): Registration {
  const names = Array.from({ length: topics }, (_, topic) => `T-${topic}`)
  const config = { perm: 6, readQueueNums: 8, writeQueueNums: 8, topicSysFlag: 0 }
  return {
    clusterName: 'C',
    brokerName: `broker-${broker}`,
    brokerId: 0n,
    brokerAddr: `10.1.0.${broker}:10911`,
    haServerAddr: null,
    zoneName: null,
    heartbeatTimeoutMs: null,
    enableActingMaster: false,
    channelId: broker,
    owner: `10.1.0.${broker}`,
    isLoopback: false,
    peer: `10.1.0.${broker}:40000`,
    nowMs: 0,
    generation: tables.queue.nextGeneration(),
    dataVersion: { counter: 1n, stateVersion: 0n, timestamp: 1n },
    topicConfigTable: { keys: names, names, queues: names.map(() => config) },
    topicQueueMappingInfoMap: new Map(),
    filterServerList: [],
  }
}

function lookUp(topics: number): (count: number) => void {
  const tables = manager()
  for (const broker of [0, 1]) void tables.registerBroker(registration(tables, broker, topics), false, owner)
  const names = Array.from({ length: topics }, (_, topic) => `T-${topic}`)
  for (const name of names) tables.encodedRoute(name, variant)
  // A fixed number of topics is asked for: what grows is the table, not what the processor has at hand.
  return (count) => {
    for (let i = 0; i < count; i++) sink = tables.encodedRoute(names[i % 1_000] as string, variant)
  }
}

function heartbeats(): (count: number) => void {
  const tables = manager()
  void tables.registerBroker(registration(tables, 0, 2), false, owner)
  return (count) => {
    for (let i = 0; i < count; i++) tables.touch('C', '10.1.0.0:10911', i)
  }
}

function registerSame(): (count: number) => void {
  const tables = manager()
  const whole = registration(tables, 0, large.topics)
  void tables.registerBroker(whole, false, owner)
  return (count) => {
    for (let i = 0; i < count; i++) sink = tables.registerBroker(whole, false, owner)
  }
}

function scan(): (count: number) => void {
  const tables = manager()
  for (let broker = 0; broker < 5_000; broker++) {
    void tables.registerBroker(registration(tables, broker, 2), false, owner)
  }
  return (count) => {
    for (let i = 0; i < count; i++) sink = tables.scanNotActiveBroker(1_000)
  }
}

function checkAllTopics(): (count: number) => void {
  const tables = manager()
  for (const broker of [0, 1]) void tables.registerBroker(registration(tables, broker, 100_000), false, owner)
  const sources = { history: new RouteHistory(() => 0), nowMs: () => 0, dateMs: () => 0 }
  return (count) => {
    for (let i = 0; i < count; i++)
      sink = tables.read((view) => checkTopics(view, sources, new Observations()))
  }
}

function readWhole(): (count: number) => void {
  const body = registrationBody(large)
  return (count) => {
    for (let i = 0; i < count; i++) sink = finish(readRegisterBrokerBody(body, 0))
  }
}

function readExpected(): (count: number) => void {
  const body = registrationBody(large)
  const known = { body, topics: finish(readRegisterBrokerBody(body, 0)).topicConfigTable }
  return (count) => {
    for (let i = 0; i < count; i++) sink = finish(readRegisterBrokerBody(body, 0, known))
  }
}

/** Every registration has another version and one topic of other queues; reading is included. */
function registerChange(): (count: number) => void {
  const tables = manager()
  const bodies = [1, 2].map((counter) => registrationBody(large, { counter, changedTopic: 10_000 }))
  let previous: AppliedRegistration | undefined
  return (count) => {
    for (let i = 0; i < count; i++) {
      const known = previous && { body: bodies[(i + 1) % 2] as Buffer, topics: previous.topics }
      const body = finish(readRegisterBrokerBody(bodies[i % 2] as Buffer, 0, known))
      const outcome = tables.registerBroker(
        { ...registration(tables, 0, 0), ...body, previous },
        false,
        owner,
      )
      if (!(outcome instanceof Promise)) previous = outcome.applied
    }
  }
}

function finish<Result>(slices: Generator<undefined, Result, undefined>): Result {
  for (;;) {
    const step = slices.next()
    if (step.done === true) return step.value
  }
}

function measure({ count, prepare }: Micro): number {
  const run = prepare()
  run(count)
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    run(count)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, ((user + system) * 1_000) / count)
  }
  return best
}

const wanted = process.argv.slice(2)
for (const micro of micros) {
  if (wanted.length > 0 && !wanted.some((name) => micro.name.includes(name))) continue
  process.stdout.write(
    `${micro.name.padEnd(52)}${Math.round(measure(micro)).toLocaleString('en').padStart(14)} ns\n`,
  )
}
if (sink === undefined) process.exitCode = 1
