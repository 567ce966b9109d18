import type { NameServer } from '../client/name-server.ts'
import { optionalView } from '../client/optional-view.ts'
import { type Check, type ServerStatus, STATUS_PATH } from '../client/status.ts'
import { AllFailedError } from '../command-error.ts'
import { durationMs } from '../duration.ts'
import { ExitCode } from '../exit-code.ts'
import { liveLine } from '../output/live-line.ts'
import type { Failure } from '../output/report.ts'
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
interface Change {
  readonly time: string
  readonly namesrv: string
  readonly healthy: boolean
  /** Checks that do not hold, or why it cannot be asked. */
  readonly problems: readonly string[]
}

const POLL_MS = 1_000

/** `health`: whether the checks hold that `/readyz` reports; those of another NameServer are that it responds and knows brokers. */
export const run: Run = async (context) => {
  const { askEach, values } = context
  if (values['watch'] === true || values['exitWhenHealthy'] === true) return await follow(context)
  const notes = new Set<string>()
  const { items, failures } = await askEach(async (server) => [await healthOf(server, notes)])
  return {
    items,
    failures,
    notes: [...notes],
    isNo: items.some(({ healthy }) => !healthy),
    view: {
      columns: [
        { head: 'NAMESRV', cell: ({ namesrv }) => namesrv },
        { head: 'HEALTHY', cell: ({ healthy }) => (healthy ? 'yes' : 'no') },
        { head: 'PROBLEMS', cell: ({ checks }) => problemsOf(checks).join('; ') },
        {
          head: 'CHECKS',
          cell: ({ checks }) => checks.map(({ name }: Check) => name).join(','),
          isWide: true,
        },
      ],
    },
    hasNamesrvColumn: true,
    name: ({ namesrv }) => namesrv,
  }
}

async function healthOf(server: NameServer, notes: Set<string>): Promise<Health> {
  const status = await optionalView<ServerStatus>(server, STATUS_PATH, 'all checks but for brokers', notes)
  if (status !== undefined) return { healthy: status.ready, checks: status.checks }
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
  const limitMs = typeof values['wait'] === 'string' ? durationMs(values['wait'], '--wait') : undefined
  const startMs = performance.now()
  const interrupts = world.takeInterrupts()
  interrupts.addEventListener('abort', () => {
    for (const server of servers) server.close()
  })
  const printed = new Map<string, string>()
  let code: ExitCode = ExitCode.UNREACHABLE
  for (;;) {
    const round = await ask(context)
    if (interrupts.aborted) return code
    code = round.code
    printChanges(round, printed, context)
    if (code === ExitCode.YES && values['exitWhenHealthy'] === true) return code
    const leftMs = limitMs === undefined ? POLL_MS : startMs + limitMs - performance.now()
    if (leftMs <= 0) return code
    await world.pause(Math.min(POLL_MS, leftMs), interrupts)
    if (interrupts.aborted) return code
  }
}

async function ask({ askEach }: CommandContext): Promise<Round> {
  try {
    const { items, failures } = await askEach(async (server) => {
      try {
        return [await healthOf(server, new Set())]
      } finally {
        // Whether new clients can connect, too.
        server.close()
      }
    })
    if (failures.length > 0) return { items, failures, code: ExitCode.PARTIAL }
    return { items, failures, code: items.every(({ healthy }) => healthy) ? ExitCode.YES : ExitCode.NO }
  } catch (error) {
    if (!(error instanceof AllFailedError)) throw error
    return {
      items: [],
      failures: error.failures,
      code: error.failures[0]?.error.exitCode ?? ExitCode.UNREACHABLE,
    }
  }
}

function printChanges(
  { items, failures }: Round,
  printed: Map<string, string>,
  context: CommandContext,
): void {
  const { format, world } = context
  const now = [
    ...items.map(({ namesrv, healthy, checks }) => ({ namesrv, healthy, problems: problemsOf(checks) })),
    ...failures.map(({ namesrv, error }) => ({ namesrv, healthy: false, problems: [error.message] })),
  ]
  for (const state of now) {
    // Words that count down are no change.
    const key = JSON.stringify([state.healthy, state.problems]).replace(/\d+/g, '#')
    if (printed.get(state.namesrv) === key) continue
    printed.set(state.namesrv, key)
    world.stdout.write(
      liveLine<Change>(
        { time: new Date().toISOString(), ...state },
        { format, text: changeText, name: ({ namesrv }) => namesrv },
      ),
    )
  }
}

function changeText({ time, namesrv, healthy, problems }: Change): string {
  return [time, namesrv, healthy ? 'healthy' : 'unhealthy', ...(healthy ? [] : [problems.join('; ')])].join(
    '  ',
  )
}
