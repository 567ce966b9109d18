import { RemotingClientError } from '../remoting/errors.ts'
import type { NameServer } from './client/name-server.ts'
import { CommandError } from './command-error.ts'
import type { Asked, CommandContext } from './run-command.ts'

/** Changes of one NameServer that are shown one by one. */
const MAX_LINES = 20

const UNKNOWN_RESULT = 'it may have been changed'

/** A change of NameServers. */
export interface Change<Plan, Item extends object> {
  /** Reads what is there now. @throws {CommandError} (rejects) This server cannot be changed so. */
  readonly look: (server: NameServer) => Promise<Plan>
  /** What will change, one line each; none if everything is as wanted. */
  readonly describe: (plan: Plan) => readonly string[]
  /** Changes it, and reads it back. @throws {CommandError} (rejects) */
  readonly apply: (server: NameServer, plan: Plan) => Promise<readonly Item[]>
}

/** What a change has done. */
export interface Changed<Item> extends Asked<Item> {
  /** Whether NameServers failed while others were changed. */
  readonly isPartial: boolean
}

/**
 * Looks at all NameServers, shows what will change at each of them, asks, and changes them. One that fails does not keep the others
 * from being changed: it is among the failures. An interrupt ends the wait for responses, not the report.
 * @throws {AllFailedError} (rejects) None was changed.
 * @throws {CommandError} (rejects) As `confirm` of the context.
 */
export async function changeEach<Plan, Item extends object>(
  { askEach, confirm, world }: Pick<CommandContext, 'askEach' | 'confirm' | 'world'>,
  { look, describe, apply }: Change<Plan, Item>,
): Promise<Changed<Item>> {
  const plans = new Map<string, Plan>()
  const looked = await askEach(async (server) => {
    const plan = await look(server)
    plans.set(server.address, plan)
    return firstLines(describe(plan)).map((change) => ({ change }))
  })
  if (looked.items.length > 0) {
    const left = looked.failures.map(({ namesrv, error }) => `${namesrv}: not changed: ${error.message}`)
    await confirm([...looked.items.map(({ namesrv, change }) => `${namesrv}: ${change}`), ...left])
  }
  const interrupts = world.takeInterrupts()
  const changed = await askEach(async (server) => {
    const failure = looked.failures.find(({ namesrv }) => namesrv === server.address)
    if (failure !== undefined) throw failure.error
    return await applied(apply(server, plans.get(server.address) as Plan), interrupts)
  })
  return { ...changed, isPartial: changed.failures.length > 0 }
}

function firstLines(lines: readonly string[]): readonly string[] {
  const more = lines.length - MAX_LINES
  return more > 0 ? [...lines.slice(0, MAX_LINES), `and ${more} more`] : lines
}

/**
 * What a change results in. Without a response it is unknown whether the request was carried out: the error says so.
 * @throws {CommandError} (rejects)
 */
export async function applied<Result>(change: Promise<Result>, interrupts?: AbortSignal): Promise<Result> {
  const interrupted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(new CommandError('failed', `interrupted; ${UNKNOWN_RESULT}`))
    interrupts?.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([change, interrupted])
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    const { cause } = error
    // Without a connection nothing was sent.
    if (!(cause instanceof RemotingClientError) || cause.code === 'ERR_CONNECT') throw error
    throw new CommandError(error.code, `${error.message}; ${UNKNOWN_RESULT}`)
  }
}
