import { applied, UNKNOWN_RESULT } from '../admin/applied.ts'
import type { NameServer } from '../admin/name-server.ts'
import { failureAt } from './client/ask-all.ts'
import { askForEach, foundOrFailed } from './client/each-name.ts'
import { inParallel } from './client/in-parallel.ts'
import { CommandError } from './command-error.ts'
import type { Failure } from './output/report.ts'
import type { Asked, CommandContext } from './run-command.ts'

/** Changes of one NameServer that are shown one by one. */
const MAX_LINES = 20

/** Changes of one NameServer under way at a time: each has its own time to respond. */
const MAX_CHANGES = 8

/** A change of what a person names. */
export interface Change<Plan, Item extends object> {
  /** Reads what is there now: a plan for each thing that changes. @throws {CommandError} (rejects) This server cannot be changed so. */
  readonly look: (server: NameServer, name: string) => Promise<readonly Plan[]>
  /** What will change, one line each; none if everything is as wanted. */
  readonly describe: (plan: Plan) => readonly string[]
  /** What else a person should know before saying yes. */
  readonly warning?: string
  /** Changes it, and reads it back. @throws {CommandError} (rejects) */
  readonly apply: (server: NameServer, plan: Plan) => Promise<readonly Item[]>
}

/** What a change has done. */
export interface Changed<Item> extends Asked<Item> {
  /** Whether something was not changed while something else was. */
  readonly isPartial: boolean
}

/**
 * Looks for each name at all NameServers, shows what will change at each of them, asks once, and changes it. One that fails does not
 * keep the others from being changed: it is among the failures. An interrupt ends the wait for responses, not the report.
 * @throws {AllFailedError} (rejects) Nothing was changed.
 * @throws {CommandError} (rejects) As `confirm` of the context.
 */
export async function changeEach<Plan, Item extends object>(
  context: Pick<CommandContext, 'askEach' | 'servers' | 'confirm' | 'progress' | 'world'>,
  names: readonly string[],
  { look, describe, warning, apply }: Change<Plan, Item>,
): Promise<Changed<Item>> {
  const { askEach, servers, confirm, progress, world } = context
  const looked = await askForEach(
    names,
    context,
    async (server, name) => (await look(server, name)).map((plan) => ({ name, plan })),
    MAX_CHANGES,
  )
  const plansOf = (server: NameServer) => looked.items.filter(({ namesrv }) => namesrv === server.address)
  const changes = servers.flatMap((server) =>
    firstLines(plansOf(server).flatMap(({ plan }) => describe(plan))).map(
      (line) => `${server.address}: ${line}`,
    ),
  )
  if (changes.length > 0) {
    const left = looked.failures.map(({ namesrv, error }) => `${namesrv}: not changed: ${error.message}`)
    await confirm([...changes, ...left, ...(warning === undefined ? [] : [warning])])
  }
  const interrupts = world.takeInterrupts()
  const interrupted = rejectedBy(interrupts)
  const failed: Failure[] = [...looked.failures]
  const { items } = await askEach(async (server) => {
    const how = { server, limit: MAX_CHANGES, what: 'changes made', progress }
    const results = await inParallel(plansOf(server), how, async ({ name, plan }) => {
      try {
        if (interrupts.aborted) throw new CommandError('failed', 'interrupted; not changed')
        return await applied(apply(server, plan), interrupted)
      } catch (cause) {
        const { code, message } = failureAt(server.address, cause)
        const quoted = JSON.stringify(name)
        const what = names.length === 1 || message.includes(quoted) ? '' : `${quoted}: `
        failed.push({ namesrv: server.address, error: new CommandError(code, what + message) })
        return []
      }
    })
    return results.flat()
  })
  return { ...foundOrFailed(items, failed, servers), isPartial: failed.length > 0 }
}

function firstLines(lines: readonly string[]): readonly string[] {
  const more = lines.length - MAX_LINES
  return more > 0 ? [...lines.slice(0, MAX_LINES), `and ${more} more`] : lines
}

/** One promise for all changes: Node warns of more than ten listeners of a signal. */
function rejectedBy(interrupts: AbortSignal): Promise<never> {
  const interrupted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(new CommandError('failed', `interrupted; ${UNKNOWN_RESULT}`))
    interrupts.addEventListener('abort', onAbort, { once: true })
  })
  // It may be that nothing waits for it any longer.
  interrupted.catch(() => {})
  return interrupted
}
