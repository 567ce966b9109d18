import type { Release } from '../harness/packages.ts'
import { until } from '../harness/wait-until.ts'
import { type Arrival, Connection } from './connection.ts'
import { checkRace } from './java-race.ts'
import { isServedIn4 } from './release-differences.ts'
import { requestBytes } from './request-bytes.ts'
import type { Condition, RequestStep, Sequence, Step } from './sequence.ts'

/** Time for a response, or for the end of a connection that an unreadable frame brings about. */
const ANSWER_TIMEOUT_MS = 10_000
/** Time for an effect that comes after its response: a lost connection, a queued unregistration. */
const SETTLE_TIMEOUT_MS = 10_000
/** A request that every release answers at once and that changes nothing. */
const FENCE: RequestStep = { code: 101, opaque: -29_999 }

/** What came of a step; undefined for one that asks nothing. */
export interface Outcome {
  readonly request: Buffer
  readonly arrival: Arrival
  /** Set if a condition was waited for in vain. */
  readonly unsettled?: string
}

/** Whose server is played to. */
export type Player = Release | 'ours'

/** Plays a sequence to a server and gives what came of each step. @throws {JavaRace} */
export async function play(
  address: string,
  side: Player,
  { steps }: Sequence,
): Promise<readonly (Outcome | undefined)[]> {
  const connections = new Map<string, Connection>()
  const outcomes: (Outcome | undefined)[] = []
  try {
    for (const [index, step] of steps.entries()) {
      outcomes.push(await playStep(step, index, { address, side, connections }))
    }
    return outcomes
  } finally {
    for (const connection of connections.values()) connection.destroy()
  }
}

interface Playing {
  readonly address: string
  readonly side: Player
  readonly connections: Map<string, Connection>
}

async function playStep(step: Step, index: number, playing: Playing): Promise<Outcome | undefined> {
  const { address, side, connections } = playing
  if ('close' in step) {
    await connections.get(step.close)?.close()
    connections.delete(step.close)
    return undefined
  }
  const name = step.on ?? 'main'
  const connection = connections.get(name) ?? (await Connection.open(address))
  connections.set(name, connection)
  const request = requestBytes(step, index)
  const askOnce = () => exchange(connection, request, isSilent(step, side), step.waitMs)
  const outcome = { request, ...(await settled(askOnce, conditionFor(step, side))) }
  checkRace(side, outcome.arrival)
  if (outcome.arrival === 'closed') connections.delete(name)
  return outcome
}

function conditionFor({ until: condition }: RequestStep, side: Player): Condition | undefined {
  return condition !== undefined && 'java' in condition
    ? condition[side === 'ours' ? 'ours' : 'java']
    : (condition as Condition | undefined)
}

function isSilent({ code, silent, flag = 0 }: RequestStep, side: Player): boolean {
  return silent ?? ((flag & 3) !== 0 || (side === '4.9.7' && !isServedIn4(code)))
}

/** Sends a request and takes what comes next; where nothing is due, the response to a fence must be the next thing. */
export async function exchange(
  connection: Connection,
  request: Buffer,
  silent: boolean,
  waitMs = ANSWER_TIMEOUT_MS,
): Promise<Arrival> {
  connection.send(request)
  if (!silent) return connection.next(waitMs)
  connection.send(requestBytes(FENCE, 0))
  const arrival = await connection.next(ANSWER_TIMEOUT_MS)
  const isFence = arrival instanceof Buffer && arrival.includes(`"opaque":${FENCE.opaque}`)
  return isFence ? 'silent' : arrival
}

async function settled(
  askOnce: () => Promise<Arrival>,
  condition: Condition | undefined,
): Promise<Omit<Outcome, 'request'>> {
  if (condition === undefined) return { arrival: await askOnce() }
  let arrival: Arrival = 'silent'
  const satisfied = async (): Promise<boolean> => {
    arrival = await askOnce()
    const text = arrival instanceof Buffer ? arrival.toString() : arrival
    return (
      (condition.has === undefined || text.includes(condition.has)) &&
      (condition.lacks === undefined || !text.includes(condition.lacks))
    )
  }
  const inTime = await until('the response is settled', satisfied, {
    timeoutMs: SETTLE_TIMEOUT_MS,
    everyMs: 10,
  }).catch(() => false)
  return inTime ? { arrival } : { arrival, unsettled: JSON.stringify(condition) }
}
