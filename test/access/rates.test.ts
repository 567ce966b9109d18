import { describe, expect, test } from 'vitest'
import { readAccessFile } from '../../src/access/access-file.ts'
import { Gate } from '../../src/access/gate.ts'
import type { Policy } from '../../src/access/policy.ts'
import { profilePolicy } from '../../src/access/profiles.ts'
import { Rates } from '../../src/access/rates.ts'
import type { Processor } from '../../src/protocol/processor.ts'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { openChannel } from '../routeinfo/route-helpers.ts'

const NAT = '203.0.113.1'
const MINUTE_MS = 60_000

function policyOf(text: string): Policy {
  const { policy, problems } = readAccessFile(text, { profile: 'default', readSecret: () => 'never' })
  if (policy === undefined) throw new Error(JSON.stringify(problems))
  return policy
}

const raw: Processor = () => ({ code: 0, remark: null })

/** The processors behind the gate of a policy. */
function guarded(policy: Policy): Readonly<Record<number, Processor>> {
  return guardedGate(policy).processors
}

function guardedGate(policy: Policy, previous?: Gate) {
  const processors = Object.fromEntries(Object.values(RequestCode).map((code) => [code, raw]))
  const gate = new Gate(
    policy,
    { onDenied: () => {}, onRateLetPass: () => {}, onPreviousSecret: () => {} },
    previous,
  )
  const guardedOnes: Readonly<Record<number, Processor>> = gate.guarded(
    processors as Readonly<Record<RequestCode, Processor>>,
  )
  return { gate, processors: guardedOnes }
}

/** Sends requests from one address; how many of them are served. */
function served(
  processors: Readonly<Record<number, Processor>>,
  code: number,
  requests: number,
  nowMs: number,
) {
  const channel = { ...openChannel(1), host: NAT, certificate: null }
  const request = { code, language: 'JAVA' as const, version: 513, opaque: 1, flag: 0, remark: null }
  let count = 0
  for (let i = 0; i < requests; i++) {
    try {
      processors[code]?.({ ...request, extFields: null, body: null }, { channel, nowMs })
      count++
    } catch (error) {
      expect(error).toMatchObject({ name: 'LimitError', busy: true, limit: 'rates.other' })
    }
  }
  return count
}

/** How many of a number of connections, or handshakes, are accepted. */
function accepted(rates: Rates, kind: 'connections' | 'handshakes', count: number, nowMs: number): number {
  let excesses = 0
  for (let i = 0; i < count; i++) if (rates.ofConnection(kind, NAT, nowMs)?.isEnforced === true) excesses++
  return count - excesses
}

describe('the default rates', () => {
  const policy = profilePolicy('default')

  test('let 10,000 clients behind one address connect again, with TLS, three times within a minute', () => {
    const rates = new Rates(policy)
    for (const nowMs of [0, 20_000, 40_000])
      for (const kind of ['connections', 'handshakes'] as const)
        expect(accepted(rates, kind, 10_000, nowMs)).toBe(10_000)
    expect(rates.excesses).toEqual([])
  })

  test('let 2,000 brokers behind one address send a heartbeat each second and register every 30 seconds, or 1,000 that query their group each second, too', () => {
    const processors = guarded(policy)
    // A flood uses everything up; then what they send in 30 seconds.
    expect(served(processors, RequestCode.BROKER_HEARTBEAT, 150_100, 0)).toBeLessThan(150_100)
    const requests = Math.max(2_000 * 31, 1_000 * 61)
    expect(served(processors, RequestCode.GET_BROKER_MEMBER_GROUP, requests, 30_000)).toBe(requests)
  })

  test('do not count lookups at all, which reach their processor directly', () => {
    expect(guarded(policy)[RequestCode.GET_ROUTEINFO_BY_TOPIC]).toBe(raw)
  })

  test('stop floods of connections, handshakes and lists', () => {
    const rates = new Rates(policy)
    expect(accepted(rates, 'connections', 60_100, 0)).toBe(60_000)
    expect(accepted(rates, 'handshakes', 30_100, 0)).toBe(30_000)
    expect(accepted(rates, 'connections', 1_100, 1_000)).toBe(1_000)
    expect(served(guarded(policy), RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, 150_100, 0)).toBe(150_000)
    expect(rates.excesses).toEqual([
      {
        ...{ kind: 'connections', source: NAT, rate: '60000/min per address' },
        ...{ count: 200, lastMs: 1_000 },
      },
      expect.objectContaining({ kind: 'handshakes', count: 100 }),
    ])
  })
})

test('the profile open has no rates but those of the access file, and its lists reach their processor directly', () => {
  const rates = new Rates(profilePolicy('open'))
  expect(accepted(rates, 'connections', 60_100, 0)).toBe(60_100)
  expect(guarded(profilePolicy('open'))[RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER]).toBe(raw)
  const withFile = new Rates(policyOf('{ profile: open, rates: [{ per: address, connections: 5/s }] }'))
  expect(accepted(withFile, 'connections', 100, 0)).toBe(5)
})

describe('the rates of the access file', () => {
  test('come before the defaults, which stay for what it leaves out', () => {
    const rates = new Rates(policyOf('rates: [{ per: address, connections: 5/s }]'))
    expect(accepted(rates, 'connections', 100, 0)).toBe(5)
    expect(accepted(rates, 'handshakes', 30_001, 0)).toBe(30_000)
  })

  test.each(['audit', 'off'])('let everything up to the defaults pass in the mode %s', (mode) => {
    const rates = new Rates(policyOf(`{ mode: ${mode}, rates: [{ per: address, connections: 5/s }] }`))
    expect(accepted(rates, 'connections', 60_100, 0)).toBe(60_000)
    expect(rates.excesses).toMatchObject([{ kind: 'connections', rate: '60000/min per address', count: 100 }])
  })

  test('say what they would reject in the mode audit, and nothing in the mode off', () => {
    const messages = (mode: string) => {
      const rates = new Rates(policyOf(`{ mode: ${mode}, rates: [{ per: address, connections: 5/s }] }`))
      const found = Array.from({ length: 7 }, () => rates.ofConnection('connections', NAT, 0))
      return found.flatMap((excess) => excess?.error.message ?? [])
    }
    const message = `rates.connections (5/s per address) exceeded by ${NAT}`
    expect(messages('audit')).toEqual([message, message])
    expect(messages('off')).toEqual([])
  })

  test('are as used up after a reload as before, where they are the same', () => {
    const policy = (connections: string) =>
      policyOf(`{ rates: [{ per: address, connections: ${connections}, handshakes: 3/s }] }`)
    const before = new Rates(policy('5/s'))
    expect([accepted(before, 'connections', 4, 0), accepted(before, 'handshakes', 9, 0)]).toEqual([4, 3])
    const same = new Rates(policy('5/s'), before)
    expect(accepted(same, 'connections', 9, 0)).toBe(1)
    expect(same.excesses).toMatchObject([
      { kind: 'connections', count: 8 },
      { kind: 'handshakes', count: 6 },
    ])
    const other = new Rates(policy('6/s'), same)
    expect([accepted(other, 'connections', 9, 0), accepted(other, 'handshakes', 9, 0)]).toEqual([6, 0])
  })

  test('of requests are as used up after a reload, for each group', () => {
    const policy = policyOf('rates: [{ per: address, other: 5/s }]')
    const before = guardedGate(policy)
    expect(served(before.processors, RequestCode.GET_KV_CONFIG, 9, 0)).toBe(5)
    const after = guardedGate(policy, before.gate)
    expect(served(after.processors, RequestCode.GET_KV_CONFIG, 9, 0)).toBe(0)
    expect(served(after.processors, RequestCode.BROKER_HEARTBEAT, 9, 0)).toBe(5)
  })

  test('limit each group of requests on its own', () => {
    const processors = guarded(policyOf('rates: [{ per: address, other: 5/min }]'))
    expect(served(processors, RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, 100, 0)).toBe(5)
    expect(served(processors, RequestCode.GET_KV_CONFIG, 100, 0)).toBe(0)
    expect(served(processors, RequestCode.BROKER_HEARTBEAT, 100, 0)).toBe(5)
    expect(served(processors, RequestCode.BROKER_HEARTBEAT, 100, MINUTE_MS)).toBe(5)
    expect(served(processors, RequestCode.GET_ROUTEINFO_BY_TOPIC, 100, 0)).toBe(100)
  })

  test('are one for each kind', () => {
    const text = `rates:
  - { per: address, other: 5/s }
  - { per: identity, other: 5/s }
  - { per: address, lookups: 5/s,
      other: 6/s }
`
    const { problems } = readAccessFile(text, { profile: 'default', readSecret: () => 'never' })
    expect(problems).toEqual([
      expect.objectContaining({ line: 5, message: 'other per address has two rates; keep one' }),
    ])
  })

  test.each(['connections', 'handshakes', 'failures'])('cannot limit %s per identity', (kind) => {
    const text = `accounts: []\nrates:\n  - per: identity\n    ${kind}: 5/s\n`
    const { problems } = readAccessFile(text, { profile: 'default', readSecret: () => 'never' })
    expect(problems).toEqual([
      expect.objectContaining({
        line: 4,
        message: `${kind} cannot be limited per identity, which is proven only by a request`,
      }),
    ])
  })
})
