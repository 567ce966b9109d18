import { CodedError } from '../../common/coded-error.ts'

/** Why a configuration cannot be used. */
export type ConfigErrorCode =
  /** The file is not a `.properties` file: it has a malformed `\uXXXX`. */
  | 'ERR_CONFIG_SYNTAX'
  /** A value that its key does not accept. */
  | 'ERR_CONFIG_VALUE'
  /** A number outside the range of its key. */
  | 'ERR_CONFIG_RANGE'
  /** The library has no such option. */
  | 'ERR_CONFIG_OPTION'
  /** The file cannot be read. */
  | 'ERR_CONFIG_FILE'

/** A configuration that cannot be used. The message has one line for each problem, with the source, the key and the value. */
export class ConfigError extends CodedError<ConfigErrorCode> {
  /** One line each. */
  readonly problems: readonly string[]

  /**
   * @internal
   * @param code - Of the first problem.
   */
  constructor(code: ConfigErrorCode, problems: string | readonly string[], options?: ErrorOptions) {
    const lines = typeof problems === 'string' ? [problems] : problems
    super(code, lines.join('\n'), options)
    this.problems = lines
  }
}

/**
 * No member of the class: a bundler renames a class that names itself, and its name is that of the error.
 * @internal
 * @throws {ConfigError} One with all problems, if there are any errors, so that one start reports everything to fix.
 */
export function throwConfigErrors(errors: readonly ConfigError[]): void {
  const [first] = errors
  if (first === undefined) return
  const problems = errors.flatMap((error) => error.problems)
  throw new ConfigError(first.code, problems, { cause: first })
}
