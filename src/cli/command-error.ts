import { AdminError, type AdminErrorCode } from '../admin/admin-error.ts'
import { ExitCode } from './exit-code.ts'
import type { Failure } from './output/report.ts'

/** A failure of the command itself: of its command line, or because a person says no. Its code is `error.code` of `-o json`. */
export class CommandError extends AdminError {}

/** The exit code of a command that failed. */
export function exitCodeFor({ code }: { readonly code: AdminErrorCode }): ExitCode {
  switch (code) {
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

/** No NameServer has what the command asks for. */
export class AllFailedError extends Error {
  readonly failures: readonly Failure[]

  constructor(failures: readonly Failure[]) {
    super('no NameServer responded')
    this.failures = failures
  }
}
