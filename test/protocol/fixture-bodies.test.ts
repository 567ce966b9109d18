import { inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodeInflatedRegisterBrokerBody } from '../../src/protocol/body/compressed-register-broker-body.ts'
import { decodeDataVersion } from '../../src/protocol/body/data-version.ts'
import { readRegisterBrokerBody } from '../../src/protocol/body/register-broker-body.ts'
import type { TopicQueueMappingInfo } from '../../src/protocol/body/topic-queue-mapping-info.ts'
import { encodeTopicRouteData, type TopicRouteData } from '../../src/protocol/body/topic-route-data.ts'
import { MQVersion } from '../../src/protocol/remoting-command.ts'
import { type Fixture, fixtures } from '../fixtures/load.ts'
import { commandOf, finish, framesOf, topicMap } from './frame-helpers.ts'

const NOW_MS = 1_800_000_000_000

const captured = fixtures()
const bodyOf = ({ bytes }: Fixture): Buffer => commandOf(framesOf([bytes])[0] as Buffer).body as Buffer

/** As text with every bare integer key quoted, which JSON.parse takes; no captured string has such a pattern inside. */
function parsed(text: string): never {
  return JSON.parse(text.replaceAll(/([{,])(-?\d+):/g, '$1"$2":')) as never
}

interface SaidMapping extends Omit<TopicQueueMappingInfo, 'epoch' | 'currIdMap'> {
  readonly epoch: number
  readonly currIdMap: Record<string, number>
}

interface SaidRegistration {
  readonly filterServerList: string[]
  readonly topicConfigSerializeWrapper: {
    readonly dataVersion: { counter: number; stateVersion?: number; timestamp: number }
    readonly topicConfigTable: Record<string, Record<string, unknown>>
    readonly topicQueueMappingInfoMap?: Record<string, SaidMapping>
  }
}

function mapping(said: SaidMapping): TopicQueueMappingInfo {
  const currIdMap = new Map(Object.entries(said.currIdMap).map(([id, queue]) => [Number(id), queue]))
  return { ...said, epoch: BigInt(said.epoch), currIdMap }
}

function registration(text: string) {
  const { filterServerList, topicConfigSerializeWrapper: wrapper }: SaidRegistration = parsed(text)
  const { counter, stateVersion = 0, timestamp } = wrapper.dataVersion
  const topics = Object.entries(wrapper.topicConfigTable).map(([name, config]) => {
    const { attributes: _, order: __, topicFilterType: ___, ...kept } = config
    return [name, kept] as never
  })
  const mappings = Object.entries(wrapper.topicQueueMappingInfoMap ?? {})
  return {
    dataVersion: {
      counter: BigInt(counter),
      stateVersion: BigInt(stateVersion),
      timestamp: BigInt(timestamp),
    },
    topicConfigTable: new Map(topics),
    topicQueueMappingInfoMap: new Map(mappings.map(([name, said]) => [name, mapping(said)])),
    filterServerList,
  }
}

const registrations = captured.filter(
  ({ expected }) => expected.frame.code === 103 && (expected.frame.flag & 1) === 0,
)

test('there are captured registrations, plain and compressed, one with a static topic', () => {
  expect(registrations.some(({ expected }) => expected.bodyInflatedHex !== undefined)).toBe(true)
  expect(registrations.some(({ expected }) => expected.bodyText?.includes('"currIdMap":{0:'))).toBe(true)
})

test.each(registrations.filter(({ expected }) => typeof expected.bodyText === 'string'))(
  'the registration in $name is read as its JSON text says',
  (fixture) => {
    const body = finish(readRegisterBrokerBody(bodyOf(fixture), NOW_MS))
    expect({ ...body, topicConfigTable: topicMap(body.topicConfigTable) }).toEqual(
      registration(fixture.expected.bodyText as string),
    )
  },
)

/** The lines between the data version and the filter servers, each with its length in front. */
function topicLines(inflated: Buffer): string[] {
  let at = 4 + inflated.readInt32BE(0)
  const count = inflated.readInt32BE(at)
  at += 4
  return Array.from({ length: count }, () => {
    const from = at + 4
    at = from + inflated.readInt32BE(at)
    return inflated.toString('utf8', from, at)
  })
}

test.each(registrations.filter(({ expected }) => expected.bodyInflatedHex !== undefined))(
  'the compressed registration in $name has the topics of its lines',
  (fixture) => {
    const withMappings = fixture.expected.frame.version >= MQVersion.V5_0_0
    const inflated = inflateSync(bodyOf(fixture))
    const body = finish(decodeInflatedRegisterBrokerBody(inflated, withMappings, NOW_MS))
    const said = topicLines(inflated).map((line) => line.split(' ').slice(0, 4))
    const read = [...topicMap(body.topicConfigTable)].map(([name, config]) => {
      expect(config.topicName).toBe(name)
      expect(config.topicSysFlag).toBe(0)
      return [name, `${config.readQueueNums}`, `${config.writeQueueNums}`, `${config.perm}`]
    })
    expect(read).toEqual(said)
    expect(read.length).toBeGreaterThan(5)
    expect(body.filterServerList).toEqual([])
    expect(body.topicQueueMappingInfoMap.size).toBe(withMappings ? 1 : 0)
  },
)

describe('the route of a response', () => {
  type SaidRoute = Omit<TopicRouteData, 'brokerDatas' | 'topicQueueMappingByBroker' | 'filterServerTable'> & {
    brokerDatas: (Omit<TopicRouteData['brokerDatas'][number], 'brokerAddrs'> & {
      brokerAddrs: Record<string, string>
    })[]
    filterServerTable: Record<string, string[]>
    topicQueueMappingByBroker?: Record<string, SaidMapping>
  }

  function route(text: string): TopicRouteData {
    const said: SaidRoute = parsed(text)
    const mappings = said.topicQueueMappingByBroker
    return {
      orderTopicConf: said.orderTopicConf ?? null,
      queueDatas: said.queueDatas,
      brokerDatas: said.brokerDatas.map((data) => ({
        ...data,
        zoneName: data.zoneName ?? null,
        brokerAddrs: new Map(Object.entries(data.brokerAddrs).map(([id, addr]) => [BigInt(id), addr])),
      })),
      filterServerTable: new Map(Object.entries(said.filterServerTable)),
      topicQueueMappingByBroker:
        mappings === undefined
          ? null
          : new Map(Object.entries(mappings).map(([name, info]) => [name, mapping(info)])),
    }
  }

  const routes = captured.filter(
    ({ name, expected }) => name.startsWith('5.5.0/') && expected.bodyText?.startsWith('{"brokerDatas":'),
  )

  test('is captured for old and for new clients', () => {
    expect(routes.some(({ name }) => name.includes('-legacy'))).toBe(true)
    expect(routes.length).toBeGreaterThan(6)
  })

  test.each(routes)('of the values in $name is written with the same bytes', (fixture) => {
    const text = fixture.expected.bodyText as string
    const dialect = /[{,]\d+:/.test(text) ? 'legacy' : 'standard'
    expect(encodeTopicRouteData(route(text), dialect).toString('hex')).toBe(bodyOf(fixture).toString('hex'))
  })
})

test.each(captured.filter(({ expected }) => expected.bodyText?.startsWith('{"counter":')))(
  'the data version in $name is read',
  (fixture) => {
    const said = JSON.parse(fixture.expected.bodyText as string) as Record<string, number>
    expect(decodeDataVersion(bodyOf(fixture), NOW_MS)).toEqual({
      counter: BigInt(said['counter'] as number),
      stateVersion: BigInt(said['stateVersion'] ?? 0),
      timestamp: BigInt(said['timestamp'] as number),
    })
  },
)
