import { parseJavaJson } from '../../harness/java-json.ts'
import type { RequestStep } from '../sequence.ts'
import type { Broker } from '../sequences/request-steps.ts'
import { register, unregister } from '../sequences/request-steps.ts'
import type { Action, BrokerChoice, RegisterAction } from './actions.ts'
import type { Twins } from './twins.ts'
import type { World } from './world.ts'

/** Steps between two looks at everything. */
const LOOK_EVERY = 5

/**
 * Does a sequence of actions to both servers, comparing every answer, and every few steps and at the end all that they know.
 * @throws {Difference}
 */
export async function run(twins: Twins, world: World, actions: readonly Action[]): Promise<void> {
  const player = new Player(twins, world)
  for (const [index, action] of actions.entries()) {
    await player.act(action)
    if (index % LOOK_EVERY === LOOK_EVERY - 1) await twins.askAll(world.look())
  }
  await twins.askAll(world.look())
  for (const requests of world.cleanUp()) {
    await twins.askAll(requests)
    await player.settleRemovals()
  }
  await twins.closeAll()
  await twins.askAll(world.look())
}

interface Group {
  readonly brokerAddrs: Record<string, string>
  readonly cluster: string
}

class Player {
  readonly #twins: Twins
  readonly #world: World
  /** Over which connection each broker registered last. */
  readonly #boundTo = new Map<string, string>()

  constructor(twins: Twins, world: World) {
    this.#twins = twins
    this.#world = world
  }

  async act(action: Action): Promise<void> {
    if (action.kind === 'close') return this.#close(action)
    const request = this.#world.request(action)
    if (action.kind !== 'register') {
      await this.#twins.ask(request)
      if (action.kind === 'unregister') await this.settleRemovals()
      return
    }
    const broker = this.#world.broker(action.broker)
    if (await this.#takesIdBack(action, broker)) return
    const connection = connectionOf(broker, action.connection)
    const answer = await this.#twins.ask(request, connection)
    if (answer.fields['code'] === 0 && (await this.#isLive(action.broker)))
      this.#boundTo.set(keyOf(broker), connection)
  }

  /** Java answers an unregistration before it carries it out, one after the other: what came before the sentinel's is done. */
  async settleRemovals(): Promise<void> {
    const sentinel = this.#world.sentinel()
    await this.#twins.ask(register(sentinel))
    await this.#twins.ask(unregister(sentinel))
    await this.#twins.settle(
      { code: 106 },
      ({ body }) => !body.includes(Buffer.from(sentinel.name).toString('latin1')),
    )
  }

  async #close({ broker: choice, connection, how }: Extract<Action, { kind: 'close' }>): Promise<void> {
    const broker = this.#world.broker(choice)
    const name = connectionOf(broker, connection)
    if (!this.#twins.isOpen(name)) return
    const takesBroker = this.#boundTo.get(keyOf(broker)) === name && (await this.#isLive(choice))
    // Java removes no broker whose place has been taken by another address (stale-live-entry-removed), nor one whose name was
    // first used in another cluster (shared-name-removed): such connections stay open until the end.
    if (takesBroker && !(await this.#isFound(broker))) return
    // Ours keeps one that has registered in the other cluster as well (moved-cluster-kept).
    const elsewhere = { ...choice, cluster: 1 - choice.cluster }
    if (takesBroker && this.#world.tellsClustersApart && (await this.#isLive(elsewhere))) return
    await this.#twins.close(name, how)
    if (!takesBroker) return
    this.#boundTo.delete(keyOf(broker))
    await this.#twins.settle(this.#queryVersion(choice), ({ body }) => body === '')
  }

  /** Java keeps the queues of the broker that has the id, if the version is the one that was registered before (`id-taken-back`). */
  async #takesIdBack(action: RegisterAction, { id, name, addr }: Broker): Promise<boolean> {
    const { body } = await this.#twins.ask(this.#queryVersion(action.broker))
    if (!body.includes(`"counter":${action.counter},`)) return false
    const holder = (await this.#groupOf(name))?.brokerAddrs[`${id ?? 0}`]
    return holder !== undefined && holder !== addr
  }

  async #isLive(choice: BrokerChoice): Promise<boolean> {
    const { body } = await this.#twins.ask(this.#queryVersion(choice))
    return body !== ''
  }

  /** Whether the group that has the broker's address is known by the broker's cluster. */
  async #isFound({ name, addr, cluster }: Broker): Promise<boolean> {
    const group = await this.#groupOf(name)
    return group?.cluster === cluster && Object.values(group?.brokerAddrs ?? {}).includes(addr)
  }

  async #groupOf(name: string): Promise<Group | undefined> {
    const { body } = await this.#twins.ask({ code: 106 })
    const { brokerAddrTable } = parseJavaJson(Buffer.from(body, 'latin1').toString()) as unknown as {
      brokerAddrTable: Record<string, Group>
    }
    return brokerAddrTable[name]
  }

  #queryVersion(broker: BrokerChoice): RequestStep {
    return this.#world.request({ kind: 'query version', broker, counter: 1 })
  }
}

function keyOf({ cluster, addr }: Broker): string {
  return `${cluster} ${addr}`
}

/** Each broker of each cluster has two. */
function connectionOf(broker: Broker, index: number): string {
  return `${keyOf(broker)} ${index}`
}
