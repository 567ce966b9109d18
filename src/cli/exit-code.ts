/** Exit codes of commands. A signal that ends one gives 128 and its number, as in every shell. */
export const ExitCode = {
  /** Done, or the answer is yes. */
  YES: 0,
  /** The answer is no: it differs, is unhealthy, was not found, has findings. */
  NO: 1,
  /** The command line is invalid, or the command would have to ask and there is no terminal. */
  USAGE: 2,
  /** A NameServer did not respond, or not with RocketMQ's protocol. */
  UNREACHABLE: 3,
  /** A NameServer does not allow it. */
  DENIED: 4,
  /** Some NameServers responded, or were changed, and others did not, or were not. */
  PARTIAL: 5,
  /** Ctrl-C at a prompt, as if the signal had ended the command. */
  INTERRUPTED: 130,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
