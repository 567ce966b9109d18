import { availableParallelism } from 'node:os'
import { buffer } from 'node:stream/consumers'
import { ConfigError } from '../../namesrv/config/config-error.ts'
import type { ConfigFile } from '../../namesrv/config/config-layers.ts'
import { Configuration } from '../../namesrv/config/configuration.ts'
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
  const problems = [...errors, ...homeErrors(configuration)].flatMap((error) => error.problems)
  const warnings = notices.filter(({ level }) => level === 'warn').map(noticeText)
  return {
    items: [{ file: file.path, valid: problems.length === 0, problems, warnings }],
    isNo: problems.length > 0,
    view: {
      lines: ({ file, valid, problems, warnings }) => [
        ...problems.map((problem: string) => `${paint('red', 'error')}: ${problem}`),
        ...warnings.map((warning: string) => `${paint('yellow', 'warning')}: ${warning}`),
        `${file} is ${valid ? 'valid' : 'invalid'}`,
      ],
    },
    name: ({ file }) => file,
  }
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
