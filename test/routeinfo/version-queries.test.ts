import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import { managerWith, openChannel, PLAIN_VARIANT, registration, topicTable } from './route-helpers.ts'

const owner = openChannel(100)

/** One thing that happens to a broker; `isLost`: the request that it sends does not arrive. */
interface Step {
  readonly broker: number
  readonly action: 'full' | 'new topics' | 'ask' | 'close' | 'leave' | 'other name'
  readonly topics: number
  readonly isLost: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  broker: fc.nat(1),
  action: fc.constantFrom('full', 'new topics', 'new topics', 'ask', 'close', 'leave', 'other name'),
  topics: fc.integer({ min: 1, max: 3 }),
  isLost: fc.boolean(),
})

/** A broker with `forceRegister=false`, beside another one that claims the same name and id. */
class AskingBroker {
  readonly #manager: RouteInfoManager
  readonly #addr: string
  readonly #deleteMissing: boolean
  #channel = openChannel(0)
  #name = 'broker-a'
  #counter = 1n
  readonly #topics: Set<string>

  constructor(manager: RouteInfoManager, addr: string, deleteMissing: boolean) {
    this.#manager = manager
    this.#addr = addr
    this.#topics = new Set(['T1', `T1 of ${addr}`])
    this.#deleteMissing = deleteMissing
  }

  do({ action, topics, isLost }: Step, channelId: number): void {
    if (action === 'close') this.#manager.onChannelsDestroy([this.#channel.id])
    if (action === 'close' || this.#channel.id === 0) this.#channel = openChannel(channelId)
    if (action === 'other name') this.#name = this.#name === 'broker-a' ? 'broker-b' : 'broker-a'
    if (action === 'full' && !isLost) this.#register([this.#name, ...this.#topics])
    if (action === 'ask' && !isLost && !this.isUnchanged()) this.#register([this.#name, ...this.#topics])
    if (action === 'leave') this.#leave()
    if (action !== 'new topics') return
    const names = Array.from({ length: topics }, (_, at) => `T${this.#topics.size + at} of ${this.#addr}`)
    for (const name of names) this.#topics.add(name)
    this.#counter += BigInt(names.length)
    if (!isLost) this.#register(names)
  }

  isUnchanged(): boolean {
    const broker = { clusterName: 'C', brokerAddr: this.#addr, brokerName: this.#name, brokerId: 0n }
    const response = this.#manager.queryDataVersion(broker, this.#version, 0, owner)
    return !(response as Awaited<typeof response>).changed
  }

  missingTopics(): string[] {
    const own = `"brokerName":"${this.#name}"`
    return [this.#name, ...this.#topics].filter(
      (topic) => !`${this.#manager.encodedRoute(topic, PLAIN_VARIANT)}`.includes(own),
    )
  }

  get #version() {
    return { counter: this.#counter, stateVersion: 0n, timestamp: 1n }
  }

  #register(names: readonly string[]): void {
    const given = {
      brokerName: this.#name,
      brokerAddr: this.#addr,
      channelId: this.#channel.id,
      dataVersion: this.#version,
      topicConfigTable: topicTable(names),
      generation: this.#manager.queue.nextGeneration(),
    }
    void this.#manager.registerBroker(registration(given), this.#deleteMissing, this.#channel)
  }

  #leave(): void {
    this.#manager.submitUnRegisterBrokerRequest({
      clusterName: 'C',
      brokerName: this.#name,
      brokerAddr: this.#addr,
      brokerId: 0n,
      reason: 'request',
      generation: this.#manager.queue.nextGeneration(),
    })
  }
}

test('a broker that gets changed=false has all of its topics in the routes, whatever registrations were lost or broker took its id; any other gets there with one registration', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 14 }), fc.boolean(), (steps, deleteMissing) => {
      const { manager } = managerWith('whole')
      const brokers = ['a:1', 'b:1'].map((addr) => new AskingBroker(manager, addr, deleteMissing))
      let channelId = 0
      for (const each of steps) {
        brokers[each.broker]?.do(each, ++channelId)
        for (const broker of brokers) if (broker.isUnchanged()) expect(broker.missingTopics()).toEqual([])
      }
      for (const broker of brokers) {
        broker.do({ broker: 0, action: 'ask', topics: 0, isLost: false }, ++channelId)
        expect(broker.isUnchanged()).toBe(true)
        expect(broker.missingTopics()).toEqual([])
      }
    }),
    { numRuns: 2_000 },
  )
})
