import { expect, test } from 'vitest'
import { RegistrationDisputes } from '../../../src/inspect/history/registration-disputes.ts'
import type { Dispute } from '../../../src/routeinfo/registration-guard.ts'

function dispute(brokerName = 'broker-a', rule: Dispute['rule'] = 'heartbeat'): Dispute {
  const broker = { clusterName: 'C', brokerName, brokerAddr: '10.0.0.5:10911' }
  const claimant = { owner: '10.0.0.66', peer: '10.0.0.66:40000' }
  return { rule, broker, live: undefined, claimant, reason: 'r', isRejected: false }
}

test('an event about disputes of one rule and broker name is due at the first one, then once in ten minutes', () => {
  let nowMs = 0
  const disputes = new RegistrationDisputes(() => nowMs)
  expect(disputes.add(dispute())).toBe(1)
  nowMs = 599_999
  expect(disputes.add(dispute())).toBeUndefined()
  expect(disputes.add(dispute('broker-b'))).toBe(1)
  expect(disputes.add(dispute('broker-a', 'unregistration'))).toBe(1)
  nowMs = 600_000
  expect(disputes.add(dispute())).toBe(3)
  expect(disputes.list().map(({ brokerName, rule, count }) => `${brokerName} ${rule} ${count}`)).toEqual([
    'broker-b heartbeat 1',
    'broker-a unregistration 1',
    'broker-a heartbeat 3',
  ])
})

test('disputes about invented names are limited in number, and their names are cut', () => {
  const disputes = new RegistrationDisputes(() => 0)
  for (let index = 0; index < 1_000; index++) disputes.add(dispute(`${index} ${'x'.repeat(10_000)}`))
  const all = disputes.list()
  expect(all).toHaveLength(256)
  expect(all.at(-1)?.brokerName).toMatch(/^999 x{251}$/)
})
