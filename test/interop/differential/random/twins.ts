import type { Release } from '../../harness/packages.ts'
import { until } from '../../harness/wait-until.ts'
import { type Answer, readAnswer } from '../answer.ts'
import { differenceOf } from '../compare.ts'
import { type Arrival, Connection } from '../connection.ts'
import { checkRace } from '../java-race.ts'
import { exchange, type Outcome } from '../play.ts'
import { requestBytes } from '../request-bytes.ts'
import type { RequestStep } from '../sequence.ts'

/** The two servers did not answer alike. */
export class Difference extends Error {
  override readonly name = 'Difference'
}

const ANSWER_TIMEOUT_MS = 10_000
/** A length that no frame may have, and enough bytes after it for Java to read at all. */
const BAD_FRAME = Buffer.from('ffffffff0000000000000000', 'hex')

/** A Java NameServer and ours, to which the same is done at the same time. */
export class Twins {
  readonly #release: Release
  readonly #addresses: { readonly java: string; readonly ours: string }
  readonly #connections = new Map<string, { readonly java: Connection; readonly ours: Connection }>()
  #opaque = 0
  /** Requests whose answers have been compared. */
  compared = 0

  constructor(release: Release, addresses: { readonly java: string; readonly ours: string }) {
    this.#release = release
    this.#addresses = addresses
  }

  /** Asks both, and gives Java's answer. @throws {Difference | JavaRace} */
  async ask(step: RequestStep, on = 'main'): Promise<Answer> {
    const request = requestBytes(step, this.#nextOpaque())
    const { java, ours } = await this.#connection(on)
    const [a, b] = await Promise.all(
      [java, ours].map(async (connection) => ({
        request,
        arrival: await exchange(connection, request, false),
      })),
    )
    return this.#compare(step, a as Outcome, b as Outcome)
  }

  /** Asks both many things at once, on the main connection. @returns Java's answers. @throws {Difference | JavaRace} */
  async askAll(steps: readonly RequestStep[]): Promise<readonly Answer[]> {
    const opaques = steps.map(() => this.#nextOpaque())
    const requests = steps.map((step, index) => requestBytes(step, opaques[index] ?? 0))
    const { java, ours } = await this.#connection('main')
    const [javas, our] = await Promise.all(
      [java, ours].map((connection) => exchangeAll(connection, requests, opaques)),
    )
    return steps.map((step, index) => {
      const request = requests[index] as Buffer
      const [a, b] = [javas?.[index] ?? 'silent', our?.[index] ?? 'silent']
      return this.#compare(step, { request, arrival: a }, { request, arrival: b })
    })
  }

  /** Asks each of them again and again, on the main connection, until its response satisfies a condition. */
  async settle(step: RequestStep, isSettled: (answer: Answer) => boolean): Promise<void> {
    const { java, ours } = await this.#connection('main')
    const request = requestBytes(step, this.#nextOpaque())
    const settled = async (connection: Connection): Promise<boolean> => {
      const arrival = await exchange(connection, request, false)
      // Its removals are under way, so it is asked again.
      if (connection === java) checkRace(this.#release, arrival)
      return isSettled(answerOf(arrival))
    }
    const what = `both have done what was asked of them (${this.#release} and ours)`
    await Promise.all(
      [java, ours].map((connection) =>
        until(what, () => settled(connection), { timeoutMs: ANSWER_TIMEOUT_MS, everyMs: 1 }),
      ),
    )
    // Java reads some tables without its lock, and so in the middle of a batch of removals; a list of topics waits for the end.
    await this.ask({ code: 206 })
  }

  /** Ends a connection on both sides; one that was never used is no connection. */
  async close(on: string, how: 'end' | 'reset' | 'bad frame'): Promise<void> {
    const pair = this.#connections.get(on)
    this.#connections.delete(on)
    if (pair === undefined) return
    for (const connection of [pair.java, pair.ours]) {
      if (how === 'reset') connection.destroy()
      else if (how === 'end') await connection.close()
      else {
        connection.send(BAD_FRAME)
        const end = await connection.next(ANSWER_TIMEOUT_MS)
        if (end !== 'closed') throw new Difference('a bad frame does not end the connection')
      }
    }
  }

  /** Whether a connection of that name is open. */
  isOpen(on: string): boolean {
    return this.#connections.has(on)
  }

  /** Ends every connection but the main one. */
  async closeAll(): Promise<void> {
    for (const on of [...this.#connections.keys()]) if (on !== 'main') await this.close(on, 'end')
  }

  destroy(): void {
    for (const { java, ours } of this.#connections.values()) {
      java.destroy()
      ours.destroy()
    }
    this.#connections.clear()
  }

  #compare(step: RequestStep, java: Outcome, ours: Outcome): Answer {
    checkRace(this.#release, java.arrival)
    this.compared += 1
    const difference = differenceOf(step, this.#release, java, ours)
    if (difference !== undefined) throw new Difference(difference)
    return answerOf(java.arrival)
  }

  #nextOpaque(): number {
    this.#opaque += 1
    return this.#opaque
  }

  async #connection(on: string): Promise<{ readonly java: Connection; readonly ours: Connection }> {
    const known = this.#connections.get(on)
    if (known !== undefined) return known
    const [java, ours] = await Promise.all([
      Connection.open(this.#addresses.java),
      Connection.open(this.#addresses.ours),
    ])
    const pair = { java, ours }
    this.#connections.set(on, pair)
    return pair
  }
}

/** Java works on the requests of a connection in many threads, so the responses come in any order. */
async function exchangeAll(
  connection: Connection,
  requests: readonly Buffer[],
  opaques: readonly number[],
): Promise<Arrival[]> {
  connection.send(Buffer.concat(requests))
  const byOpaque = new Map<number, Arrival>()
  for (let count = 0; count < requests.length; count++) {
    const arrival = await connection.next(ANSWER_TIMEOUT_MS)
    byOpaque.set(Number(answerOf(arrival).fields['opaque']), arrival)
  }
  return opaques.map((opaque) => byOpaque.get(opaque) ?? 'silent')
}

/** @throws {Difference} if there was none. */
function answerOf(arrival: Arrival): Answer {
  if (typeof arrival === 'string') throw new Difference(`no response came: ${arrival}`)
  return readAnswer(arrival)
}
