import type { EventEmitter } from 'node:events'
import type { Logger } from 'pino'

/** What the signals that do not end the process act on. */
export interface SignalOptions {
  /** Emits signals by their names, as `process` does. */
  readonly events: Pick<EventEmitter, 'on' | 'off'>
  /** The signals that are handled here, unless they are SIGINT or SIGTERM. */
  readonly signals: readonly string[]
  /** Signals that came before this was called. */
  readonly earlySignals: readonly string[]
  readonly logger: Logger
  /** Opens the log file again, after logrotate has renamed it. */
  readonly reopenLog: (logger: Logger) => void
  /** What a state dump shows. */
  readonly state: () => Record<string, unknown>
}

/**
 * Handles every signal that must not end the process: SIGHUP reopens the log file, SIGQUIT logs the state, others are ignored with
 * a line. Node resets what `nohup` set, so an ignored SIGHUP cannot be told from any other; with the log on stdout it does nothing.
 *
 * @returns What ends it.
 */
export function handleSignals(options: SignalOptions): () => void {
  const { events, signals, earlySignals, logger, reopenLog, state } = options
  // Asked for by the operator, so it is written at every `logLevel`.
  const dumpLogger = logger.child({}, { level: 'info' })
  const act = (signal: string): void => {
    if (signal === 'SIGHUP') reopenLog(logger)
    else if (signal === 'SIGQUIT') dumpLogger.info({ signal, ...state() }, 'state dump')
    else logger.info({ signal }, 'signal ignored')
  }
  const listeners = signals.filter(staysAlive).map((signal) => ({ signal, listener: () => act(signal) }))
  for (const { signal, listener } of listeners) events.on(signal, listener)
  for (const signal of earlySignals) if (staysAlive(signal)) act(signal)
  return () => {
    for (const { signal, listener } of listeners) events.off(signal, listener)
  }
}

function staysAlive(signal: string): boolean {
  return signal !== 'SIGINT' && signal !== 'SIGTERM'
}
