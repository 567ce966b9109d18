import { CodedError } from '../common/coded-error.ts'
import { ExitCode } from './exit-code.ts'
import type { Failure } from './output/report.ts'

/**
 * Why a command failed, as `error.code` of `-o json` has it.
 *
 * - `usage`: the command line is invalid
 * - `not_found`: what it names does not exist
 * - `failed`: the NameServer reports an error, such as a value that it does not accept
 * - `not_supported`: the NameServer does not have what the command needs
 * - `unreachable`: no connection, or it was lost
 * - `timeout`: no response within `--timeout`
 * - `tls`: the TLS handshake failed
 * - `protocol`: the peer does not speak RocketMQ's protocol
 * - `denied`: the NameServer does not allow it
 * - `interrupted`: Ctrl-C at a prompt
 */
export type CommandErrorCode =
  | 'usage'
  | 'not_found'
  | 'failed'
  | 'not_supported'
  | 'unreachable'
  | 'timeout'
  | 'tls'
  | 'protocol'
  | 'denied'
  | 'interrupted'

/** A failure of a command: one line on stderr, and an exit code. */
export class CommandError extends CodedError<CommandErrorCode> {
  get exitCode(): ExitCode {
    switch (this.code) {
      case 'usage':
        return ExitCode.USAGE
      case 'denied':
        return ExitCode.DENIED
      case 'interrupted':
        return ExitCode.INTERRUPTED
      case 'not_found':
      case 'failed':
      case 'not_supported':
        return ExitCode.NO
      default:
        return ExitCode.UNREACHABLE
    }
  }
}

/** No NameServer has what the command asks for. */
export class AllFailedError extends Error {
  readonly failures: readonly Failure[]

  constructor(failures: readonly Failure[]) {
    super('no NameServer responded')
    this.failures = failures
  }
}
