import { describe, expect, test } from 'vitest'
import { type KnownRegistration, RegistrationCache } from '../../src/processor/registration-cache.ts'
import { RequestCode } from '../../src/protocol/request-code.ts'
import type { BrokerIdentity } from '../../src/routeinfo/route-event.ts'
import { finestSlicer, ManualTurns, openChannel } from '../routeinfo/support.ts'
import { MASTER, ProcessorWorld, registrationBody } from './support.ts'

const BROKER: BrokerIdentity = { clusterName: 'C', brokerName: 'a', brokerId: 0n, brokerAddr: 'a:1' }
const fieldsOf = ({ clusterName, brokerName, brokerId, brokerAddr }: Record<keyof BrokerIdentity, unknown>) =>
  new Map(
    Object.entries({ clusterName, brokerName, brokerId, brokerAddr }).map(([key, value]) => [
      key,
      `${value}`,
    ]),
  )
const FIELDS = fieldsOf(BROKER)
const channel = openChannel(1)

function registration(text: string): KnownRegistration {
  return {
    form: 'json',
    bytes: Buffer.from(text),
    checksum: 0,
    dataVersion: { counter: 1n, stateVersion: 0n, timestamp: 1n },
    filterServerList: null,
    places: undefined,
    mark: {
      topics: 0,
      firstTopic: undefined,
      namesOwnTopic: false,
      queueState: 0,
      permMask: null,
      exact: true,
      missingDeleted: true,
    },
  }
}

/** A memory in which one registration is kept. */
function holding(text: string): RegistrationCache {
  const memory = new RegistrationCache(1_000_000)
  keep(memory, text)
  return memory
}

/** What a broker that registers does when nobody else does so meanwhile. */
function keep(memory: RegistrationCache, text: string): void {
  const loan = memory.lend(FIELDS, 'json')
  memory.keep(BROKER, channel, registration(text), loan)
  memory.giveBack(loan)
}

function known(memory: RegistrationCache, fields = FIELDS): KnownRegistration | undefined {
  const loan = memory.lend(fields, 'json')
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

/** Goes on, turn by turn, just until this is done. */
async function settled(work: Promise<unknown>, turns: ManualTurns): Promise<void> {
  let isDone = false
  void work.then(() => {
    isDone = true
  })
  while (!isDone) await turns.next()
}

describe('a broker that registers', () => {
  const { REGISTER_BROKER } = RequestCode
  const fields = fieldsOf(MASTER)
  const topics = Array.from({ length: 500 }, (_, index) => `topic-${index}`)
  const body = (flag: number, changed: number): string =>
    registrationBody(topics.map((name, index) => [name, index < changed ? flag : 0]))

  test('is compared with what is known as it was, whoever registers meanwhile', async () => {
    const turns = new ManualTurns()
    const world = new ProcessorWorld({ slicer: finestSlicer(turns) })
    await settled(world.ask(REGISTER_BROKER, { ext: MASTER, body: body(0, 0) }), turns)
    const first = known(world.memory, fields)?.bytes
    const quick = world.ask(REGISTER_BROKER, { ext: MASTER, body: body(1, 1), channel: openChannel(2) })
    const slow = world.ask(REGISTER_BROKER, { ext: MASTER, body: body(2, 400), channel: openChannel(3) })
    await settled(quick, turns)
    expect(turns.waiting).toBeGreaterThan(0)
    expect(first?.toString()).toBe(body(0, 0))
    expect(known(world.memory, fields)?.bytes.toString()).toBe(body(1, 1))
    await settled(slow, turns)
    expect(known(world.memory, fields)?.bytes.toString()).toBe(body(2, 400))
  })

  test('has its registration in the same memory each time, also after one that was refused', async () => {
    const world = new ProcessorWorld()
    const memoryAfter = async (asked: { body: string; bodyCrc32?: string }): Promise<unknown> => {
      const { body, bodyCrc32 = '0' } = asked
      await world.ask(REGISTER_BROKER, { ext: { ...MASTER, bodyCrc32 }, body }).catch(() => {})
      return known(world.memory, fields)?.bytes.buffer
    }
    const first = await memoryAfter({ body: body(0, 0) })
    expect(first).toBeDefined()
    expect(await memoryAfter({ body: body(1, 1) })).toBe(first)
    expect(await memoryAfter({ body: body(2, 1), bodyCrc32: '1' })).toBe(first)
    expect(await memoryAfter({ body: body(2, 1).slice(0, -1) })).toBe(first)
    expect(await memoryAfter({ body: body(3, 1) })).toBe(first)
    expect(known(world.memory, fields)?.bytes.toString()).toBe(body(3, 1))
  })
})
