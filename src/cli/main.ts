import { setOptimizing } from './daemon/optimizing.ts'
import type { Signals } from './daemon/serve.ts'

/**
 * Runs the program in this process, and ends the process: a command if the first word does not begin with `-`, otherwise the
 * server. Only what the one of them needs is loaded: a command starts much faster than a server.
 *
 * @param earlySignals - Signals that arrived while the program was loaded; the loader adds to this list.
 * @param signals - All signals that the loader handles.
 */
export async function main(
  earlySignals: Signals = [],
  signals: Signals = ['SIGINT', 'SIGTERM'],
): Promise<void> {
  const [word] = process.argv.slice(2)
  if (word === undefined || word.startsWith('-')) {
    setOptimizing(false)
    const { main } = await import('./daemon/daemon.ts')
    await main(earlySignals, signals)
    return
  }
  const { main } = await import('./command-process.ts')
  await main(earlySignals, signals)
}
