import { availableParallelism } from 'node:os'
import { buffer } from 'node:stream/consumers'
import { ConfigError } from '../../namesrv/config/config-error.ts'
import type { ConfigNotice } from '../../namesrv/config/config-key.ts'
import type { ConfigFile } from '../../namesrv/config/config-layers.ts'
import { Configuration } from '../../namesrv/config/configuration.ts'
import { checkNamedFiles } from '../../namesrv/config/named-files.ts'
import { CommandError } from '../command-error.ts'
import { homeErrors, javaUserHome, noticeText, readConfigFile } from '../daemon/config-file.ts'
import type { CommandWorld, Run } from '../run-command.ts'

/** `config check FILE`: what a start with `-c FILE` would say, here and now. */
export const run: Run = async ({ values, world, paint }) => {
  const file = await configFile(`${values['file']}`, world)
  const { notices, errors, configuration } = Configuration.resolveUsable({
    file,
    env: world.env,
    homeDirectory: javaUserHome(),
    processors: availableParallelism(),
  })
  const files = await checkNamedFiles(configuration, world.env)
  const invalid = [...errors, ...homeErrors(configuration)].flatMap((error) => error.problems)
  const problems = [...invalid, ...files.problems]
  const texts = (level: ConfigNotice['level']): string[] =>
    notices.filter((notice) => notice.level === level).map(noticeText)
  return {
    items: [
      {
        file: file.path,
        valid: problems.length === 0,
        problems,
        warnings: [...texts('warn'), ...files.warnings],
        notes: texts('info'),
      },
    ],
    isNo: problems.length > 0,
    view: {
      lines: ({ file, valid, problems, warnings, notes }) => [
        ...inFileOrder(file, [
          ...problems.map((problem: string) => [paint('red', 'error'), problem] as const),
          ...warnings.map((warning: string) => [paint('yellow', 'warning'), warning] as const),
          ...notes.map((note: string) => ['note', note] as const),
        ]),
        `${file} is ${valid ? 'valid' : 'invalid'}`,
      ],
    },
    name: ({ file }) => file,
  }
}

/** Lines about lines of the file in their order; then those about the environment and the file as a whole. */
function inFileOrder(file: string, lines: readonly (readonly [level: string, text: string])[]): string[] {
  const numberOf = ([, text]: (typeof lines)[number]): number =>
    text.startsWith(`${file}:`) ? Number.parseInt(text.slice(file.length + 1), 10) : Number.POSITIVE_INFINITY
  // Not by subtraction: two infinities differ by NaN.
  return lines
    .toSorted((a, b) => (numberOf(a) === numberOf(b) ? 0 : numberOf(a) < numberOf(b) ? -1 : 1))
    .map(([level, text]) => `${level}: ${text}`)
}

/** A configuration file; `-` is stdin. @throws {CommandError} (rejects) `not_found`, `failed` */
export async function configFile(path: string, { stdin }: CommandWorld): Promise<ConfigFile> {
  if (path === '-') return { path: 'stdin', bytes: await buffer(stdin) }
  try {
    return readConfigFile(path)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const isMissing = (error.cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new CommandError(isMissing ? 'not_found' : 'failed', error.message)
  }
}
