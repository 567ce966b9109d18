import { AdminError } from '../../admin/admin-error.ts'
import type { NameServer } from '../../admin/name-server.ts'
import { type Check, type ServerStatus, STATUS_PATH } from '../client/status.ts'
import { AllFailedError, CommandError } from '../command-error.ts'
import { durationMs } from '../duration.ts'
import { ExitCode } from '../exit-code.ts'
import { liveLine } from '../output/live-line.ts'
import { errorOf, type Failure, worstOf } from '../output/report.ts'
import { visible } from '../output/visible.ts'
import type { CommandContext, Run } from '../run-command.ts'

/** Whether clients may be sent to a NameServer. */
interface Health {
  readonly healthy: boolean
  readonly checks: readonly Check[]
}

/** What is known of all NameServers at one time. */
interface Round {
  readonly items: readonly (Health & { readonly namesrv: string })[]
  readonly failures: readonly Failure[]
  readonly code: ExitCode
}

/** What `--watch` prints of a NameServer when it changes. */
interface Change extends Health {
  readonly time: string
  readonly namesrv: string
  /** Why it cannot be asked; null if it can. */
  readonly error: ReturnType<typeof errorOf> | null
}

const POLL_MS = 1_000

/** `health`: whether the checks hold that `/readyz` reports; those of another NameServer are that it responds and knows brokers. */
export const run: Run = async (context) => {
  const { askEach, values } = context
  if (values['watch'] === true || values['exitWhenHealthy'] === true) return await follow(context)
  if (values['wait'] !== undefined)
    throw new CommandError('usage', '--wait needs --watch or --exit-when-healthy')
  const notes = new Set<string>()
  const { items, failures } = await askEach(async (server) => [await healthOf(server, notes)])
  return {
    items,
    failures,
    notes: [...notes],
    isNo: items.some(({ healthy }) => !healthy),
    view: {
      columns: [
        { head: 'HEALTHY', cell: ({ healthy }) => (healthy ? 'yes' : 'no') },
        { head: 'PROBLEMS', cell: ({ checks }) => problemsOf(checks).join('; '), isWrapped: true },
        {
          head: 'CHECKS',
          cell: ({ checks }) => checks.map(({ name }: Check) => name).join(','),
          isWide: true,
        },
      ],
    },
    namesrv: 'always',
    name: ({ namesrv }) => namesrv,
  }
}

/** @throws {CommandError} (rejects) Also `denied`: what can be seen of mqnamesrv from elsewhere does not make it ready. */
async function healthOf(server: NameServer, notes: Set<string>): Promise<Health> {
  try {
    const { ready, checks } = await server.view<ServerStatus>(STATUS_PATH)
    return { healthy: ready, checks }
  } catch (error) {
    if (!(error instanceof AdminError && error.code === 'not_supported')) throw error
  }
  notes.add(`${server.address} is not mqnamesrv: only whether it knows brokers is checked`)
  const hasBrokers = (await server.brokerGroups()).size > 0
  return {
    healthy: hasBrokers,
    checks: [{ name: 'brokers', problem: hasBrokers ? null : 'no broker is registered' }],
  }
}

function problemsOf(checks: readonly Check[]): string[] {
  return checks.flatMap(({ name, problem }) => (problem === null ? [] : [`${name}: ${problem}`]))
}

/** Prints a line whenever a NameServer changes, until it is interrupted, `--wait` is over, or all are healthy. */
async function follow(context: CommandContext): Promise<ExitCode> {
  const { servers, values, world } = context
  const { wait } = values
  const deadline = typeof wait === 'string' ? AbortSignal.timeout(durationMs(wait, '--wait')) : undefined
  const interrupts = world.takeInterrupts()
  const end = deadline === undefined ? interrupts : AbortSignal.any([interrupts, deadline])
  // What is under way ends with its connection.
  end.addEventListener('abort', () => {
    for (const server of servers) server.close()
  })
  const printed = new Map<string, string>()
  const notes = new Set<string>()
  let notesSaid = 0
  let code: ExitCode = ExitCode.UNREACHABLE
  for (;;) {
    const round = await ask(context, { deadline, notes })
    // Only a first round that is cut short counts: otherwise more is known from the one before.
    if (interrupts.aborted || (end.aborted && printed.size > 0)) return code
    code = round.code
    printChanges(round, printed, context)
    for (const note of [...notes].slice(notesSaid)) world.stderr.write(`${visible(note)}\n`)
    notesSaid = notes.size
    const isDenied = round.failures.some(({ error }) => error.code === 'denied')
    if (values['exitWhenHealthy'] === true && (code === ExitCode.YES || isDenied)) return code
    await world.pause(POLL_MS, end)
    if (end.aborted) return code
  }
}

async function ask(
  { askEach }: CommandContext,
  { deadline, notes }: { readonly deadline: AbortSignal | undefined; readonly notes: Set<string> },
): Promise<Round> {
  try {
    const { items, failures } = await askEach(async (server) => {
      try {
        return [await healthOf(server, notes)]
      } catch (error) {
        if (deadline?.aborted !== true) throw error
        throw new CommandError('timeout', `no response from ${server.address} within --wait`)
      } finally {
        // Whether new clients can connect, too.
        server.close()
      }
    })
    if (failures.length > 0) return { items, failures, code: ExitCode.PARTIAL }
    return { items, failures, code: items.every(({ healthy }) => healthy) ? ExitCode.YES : ExitCode.NO }
  } catch (error) {
    if (!(error instanceof AllFailedError)) throw error
    return { items: [], failures: error.failures, code: worstOf(error.failures) }
  }
}

function printChanges(
  { items, failures }: Round,
  printed: Map<string, string>,
  { format, world }: CommandContext,
): void {
  const time = new Date().toISOString()
  const changes: Change[] = [
    ...items.map((item) => ({ time, ...item, error: null })),
    ...failures.map((failure) => ({
      ...{ time, namesrv: failure.namesrv, healthy: false },
      ...{ checks: [], error: errorOf(failure) },
    })),
  ]
  for (const change of changes) {
    // Words that count down are no change.
    const key = changeText({ ...change, time: '' }).replace(/\d+/g, '#')
    if (printed.get(change.namesrv) === key) continue
    printed.set(change.namesrv, key)
    world.stdout.write(liveLine(change, { format, text: changeText, name: ({ namesrv }) => namesrv }))
  }
}

function changeText({ time, namesrv, healthy, checks, error }: Change): string {
  const problems = error === null ? problemsOf(checks) : [error.message]
  return [time, namesrv, healthy ? 'healthy' : 'unhealthy', ...(healthy ? [] : [problems.join('; ')])].join(
    '  ',
  )
}
