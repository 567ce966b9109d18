import { expect, test } from 'vitest'
import { RegistrationDisputes } from '../../../src/inspect/history/registration-disputes.ts'
import type { Dispute, OwnedBroker } from '../../../src/routeinfo/registration-guard.ts'

const LIVE = { clusterName: 'C', brokerAddr: '10.0.0.5:10911', owner: '10.0.0.5' } as OwnedBroker

function dispute(brokerName = 'broker-a', rule: Dispute['rule'] = 'heartbeat'): Dispute {
  const broker = { clusterName: 'C', brokerName, brokerAddr: '10.0.0.5:10911' }
  const claimant = { owner: '10.0.0.66', peer: '10.0.0.66:40000' }
  return { rule, broker, live: LIVE, claimant, reason: 'r', isRejected: false }
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

test('disputes about invented names are one of their sender, and hide none about a live broker', () => {
  const disputes = new RegistrationDisputes(() => 0)
  expect(disputes.add(dispute('broker-a', 'broker_id_taken'))).toBe(1)
  const due: number[] = []
  for (let index = 0; index < 1_000; index++) {
    const count = disputes.add({ ...dispute(`${index} ${'x'.repeat(10_000)}`), live: undefined })
    if (count !== undefined) due.push(count)
  }
  expect(due).toEqual([1])
  expect(disputes.list()).toMatchObject([
    { brokerName: 'broker-a' },
    { count: 1_000, brokerName: expect.stringMatching(/^999 x{251}$/) as string },
  ])
})

test('disputes of invented senders are limited in number', () => {
  const disputes = new RegistrationDisputes(() => 0)
  for (let index = 0; index < 1_000; index++)
    disputes.add({
      ...dispute(),
      live: undefined,
      claimant: { owner: `10.0.${index >> 8}.${index & 255}`, peer: '10.0.0.1:1' },
    })
  expect(disputes.list()).toHaveLength(256)
})
