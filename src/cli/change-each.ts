import type { NameServer } from './client/name-server.ts'
import { CommandError } from './command-error.ts'
import type { Asked, CommandContext } from './run-command.ts'

/** Changes of one NameServer that are shown one by one. */
const MAX_LINES = 20

/** A change of NameServers. */
export interface Change<Plan, Item extends object> {
  /** Reads what is there now. @throws {CommandError} (rejects) This server cannot be changed so. */
  readonly look: (server: NameServer) => Promise<Plan>
  /** What will change, one line each; none if everything is as wanted. */
  readonly describe: (plan: Plan) => readonly string[]
  /** Changes it, and reads it back. @throws {CommandError} (rejects) */
  readonly apply: (server: NameServer, plan: Plan) => Promise<readonly Item[]>
}

/**
 * Looks at all NameServers, shows what will change at each of them, asks, and changes them. One that fails does not keep the others
 * from being changed: it is among the failures.
 * @throws {AllFailedError} (rejects) None was changed.
 * @throws {CommandError} (rejects) As `confirm` of the context.
 */
export async function changeEach<Plan, Item extends object>(
  { askEach, confirm }: Pick<CommandContext, 'askEach' | 'confirm'>,
  { look, describe, apply }: Change<Plan, Item>,
): Promise<Asked<Item>> {
  const plans = new Map<string, Plan>()
  const looked = await askEach(async (server) => {
    const plan = await look(server)
    plans.set(server.address, plan)
    return firstLines(describe(plan)).map((change) => ({ change }))
  })
  if (looked.items.length > 0) {
    const left = looked.failures.map(({ namesrv, error }) => `${namesrv}: is left as it is: ${error.message}`)
    await confirm([...looked.items.map(({ namesrv, change }) => `${namesrv}: ${change}`), ...left])
  }
  return await askEach(async (server) => {
    const failure = looked.failures.find(({ namesrv }) => namesrv === server.address)
    if (failure !== undefined) throw failure.error
    return await applied(apply(server, plans.get(server.address) as Plan))
  })
}

function firstLines(lines: readonly string[]): readonly string[] {
  const more = lines.length - MAX_LINES
  return more > 0 ? [...lines.slice(0, MAX_LINES), `and ${more} more`] : lines
}

/** Without a response it is not known whether the request was carried out. */
async function applied<Item>(changed: Promise<readonly Item[]>): Promise<readonly Item[]> {
  try {
    return await changed
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    if (error.code !== 'timeout' && error.code !== 'unreachable') throw error
    throw new CommandError(error.code, `${error.message}; it may have been changed`)
  }
}
