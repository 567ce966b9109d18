import { describe, expect, test } from 'vitest'
import { type KnownRegistration, RegistrationMemory } from '../../src/processor/registration-memory.ts'
import type { BrokerIdentity } from '../../src/routeinfo/route-effect.ts'
import { openChannel } from '../routeinfo/support.ts'

const BROKER: BrokerIdentity = { clusterName: 'C', brokerName: 'a', brokerId: 0n, brokerAddr: 'a:1' }
const FIELDS = new Map([
  ['clusterName', 'C'],
  ['brokerName', 'a'],
  ['brokerId', '0'],
  ['brokerAddr', 'a:1'],
])
const channel = openChannel(1)

function registration(text: string): KnownRegistration {
  return {
    form: 'json',
    bytes: Buffer.from(text),
    checksum: 0,
    dataVersion: { counter: 1n, stateVersion: 0n, timestamp: 1n },
    filterServerList: null,
    places: undefined,
    mark: { topics: 0, queueState: 0, permMask: null, exact: true, missingDeleted: true },
  }
}

/** A memory in which one registration is kept. */
function holding(text: string): RegistrationMemory {
  const memory = new RegistrationMemory(1_000_000)
  keep(memory, text)
  return memory
}

/** What a broker that registers does when nobody else does so meanwhile. */
function keep(memory: RegistrationMemory, text: string): void {
  const loan = memory.lend(FIELDS, 'json')
  memory.keep(BROKER, channel, registration(text), loan)
  memory.giveBack(loan)
}

function known(memory: RegistrationMemory): KnownRegistration | undefined {
  const loan = memory.lend(FIELDS, 'json')
  memory.giveBack(loan)
  return loan.known
}

describe('a registration that is kept', () => {
  test('stands in the memory of the one before it, longer or shorter', () => {
    const memory = holding('x'.repeat(1_000))
    const before = known(memory)?.bytes.buffer
    const held = memory.bytes
    for (const length of [1_030, 700]) {
      keep(memory, 'y'.repeat(length))
      expect(known(memory)?.bytes.toString()).toBe('y'.repeat(length))
      expect(known(memory)?.bytes.buffer).toBe(before)
      expect(memory.bytes).toBe(held)
    }
  })

  test.each([2_000, 400])('gets memory of its own if it is of quite another size: %d bytes', (length) => {
    const memory = holding('x'.repeat(1_000))
    keep(memory, 'y'.repeat(length))
    const bytes = known(memory)?.bytes
    expect(bytes?.toString()).toBe('y'.repeat(length))
    expect(bytes?.buffer.byteLength).toBeLessThan(1.1 * length)
    expect(memory.bytes).toBeLessThan(1.1 * length + 1_100)
  })

  test('does not change while another registration is compared with it', () => {
    const memory = holding('first')
    const slow = memory.lend(FIELDS, 'json')
    keep(memory, 'other')
    keep(memory, 'third')
    expect(slow.known?.bytes.toString()).toBe('first')
    expect(known(memory)?.bytes.toString()).toBe('third')
    memory.keep(BROKER, channel, registration('slow!'), slow)
    memory.giveBack(slow)
    expect(known(memory)?.bytes.toString()).toBe('slow!')
  })

  test('does not change while it is compared, however its broker writes its id', () => {
    const memory = holding('first')
    const slow = memory.lend(FIELDS, 'json')
    const loan = memory.lend(new Map([...FIELDS, ['brokerId', '00']]), 'json')
    expect(loan.known).toBeUndefined()
    memory.keep(BROKER, channel, registration('other'), loan)
    memory.giveBack(loan)
    expect(slow.known?.bytes.toString()).toBe('first')
    memory.giveBack(slow)
  })

  test('is kept as it is when the same comes again after others have come between', () => {
    const memory = holding('first')
    const slow = memory.lend(FIELDS, 'json')
    keep(memory, 'other')
    const repeated = slow.known as KnownRegistration
    memory.keep(BROKER, channel, repeated, slow)
    memory.giveBack(slow)
    expect(known(memory)?.bytes.toString()).toBe('first')
  })
})
