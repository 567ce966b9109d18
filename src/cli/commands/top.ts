import { AdminError } from '../../admin/admin-error.ts'
import type { NameServer } from '../../admin/name-server.ts'
import { durationMs } from '../duration.ts'
import { ExitCode } from '../exit-code.ts'
import { visibleStrings } from '../output/visible.ts'
import { columnsOf } from '../output/width.ts'
import type { AnyReport, CommandContext, Run } from '../run-command.ts'
import { ratesBetween, readSample, type Sample } from '../top/sample.ts'
import {
  frameLines,
  INITIAL_STATE,
  maxScrolledOf,
  pressed,
  screenLines,
  type TopData,
} from '../top/screen.ts'
import type { Line } from '../top/sections.ts'
import { Terminal } from '../top/terminal.ts'

const DEFAULT_INTERVAL = '2s'
/** Rows of each list in a frame without a terminal. */
const FRAME_ROWS = 20

/** `top`: a NameServer as it is now. */
export const run: Run = async (context) => {
  const { format, values, world } = context
  const { interval } = values
  const intervalMs = durationMs(typeof interval === 'string' ? interval : DEFAULT_INTERVAL, '--interval')
  const isLive =
    values['once'] !== true &&
    world.stdout.isTTY === true &&
    world.stdin.isTTY === true &&
    (format === 'table' || format === 'wide')
  return isLive ? await live(context, intervalMs) : await once(context, intervalMs)
}

/** Two samples, for the rates, in one frame. */
async function once({ askEach, paint, world }: CommandContext, intervalMs: number): Promise<AnyReport> {
  const notes = new Set<string>()
  const { items, failures } = await askEach(async (server) => {
    const before = await readSample(server)
    await world.pause(intervalMs, new AbortController().signal)
    const sample = await readSample(server, notes)
    return [{ rates: ratesBetween(before, sample) ?? null, ...sample }]
  })
  const columns = columnsOf(world.stdout)
  type Item = (typeof items)[number]
  return {
    items,
    failures,
    notes: [...notes],
    view: {
      lines: ({ namesrv, rates, ...sample }: Item) => {
        const data = { address: namesrv, sample, rates: rates ?? undefined, problem: undefined }
        return frameLines(data, FRAME_ROWS, columns).map((line) => painted(line, paint))
      },
    },
    namesrv: 'never',
    name: ({ namesrv }: Item) => namesrv,
  }
}

function painted({ text, colour }: Line, paint: CommandContext['paint']): string {
  return colour === undefined ? text : paint(colour, text)
}

/** The screen, until it is left. */
async function live({ paint, servers, world }: CommandContext, intervalMs: number): Promise<ExitCode> {
  const terminal = new Terminal(world)
  let state = INITIAL_STATE
  let isOver = false
  /** Ends the pause between two looks. */
  let wake = new AbortController()
  const serverNow = (): NameServer => servers[state.server % servers.length] as NameServer
  let data: TopData = unknown(serverNow())
  const draw = (): void => {
    if (!isOver) terminal.draw(screenLines(state, data, terminal).map((line) => painted(line, paint)))
  }
  const end = (): void => {
    isOver = true
    // What is under way ends with its connection.
    for (const server of servers) server.close()
    wake.abort()
  }
  const interrupts = world.takeInterrupts()
  interrupts.addEventListener('abort', end)
  terminal.open({
    onKey: (key) => {
      const next = pressed(state, key, maxScrolledOf(state, data, terminal))
      if (next === 'quit') return end()
      const isOther = next.server !== state.server
      state = next
      if (isOther) {
        data = unknown(serverNow())
        wake.abort()
      }
      draw()
    },
    onResize: draw,
    onEnd: end,
  })
  try {
    draw()
    while (!isOver) {
      // What has not been seen yet is shown, also while it is paused.
      if (!state.isPaused || (data.sample === undefined && data.problem === undefined)) {
        const server = serverNow()
        const next = await look(server, data)
        // Meanwhile another one may have been chosen.
        if (server === serverNow()) data = next
        draw()
      }
      if (isOver) break
      await world.pause(intervalMs, wake.signal)
      if (wake.signal.aborted) wake = new AbortController()
    }
    return ExitCode.YES
  } finally {
    terminal.close()
  }
}

function unknown({ address }: NameServer): TopData {
  return { address, sample: undefined, rates: undefined, problem: undefined }
}

async function look(server: NameServer, before: TopData): Promise<TopData> {
  try {
    const sample: Sample = visibleStrings(await readSample(server))
    return { ...before, sample, rates: ratesBetween(before.sample, sample), problem: undefined }
  } catch (error) {
    if (!(error instanceof AdminError)) throw error
    // The next look gets a connection of its own.
    server.close()
    return { ...before, rates: undefined, problem: visibleStrings(error.message) }
  }
}
