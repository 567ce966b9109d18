import { Command, CommanderError } from 'commander'
import type { PropertyOption } from '../namesrv/config/config-layers.ts'
import { type ProgramOption, splitArguments } from './property-options.ts'
import { UsageError } from './usage-error.ts'

/** What a command line asks for. */
export type CommandLine =
  | { readonly action: 'show' /** Help or version, for stdout. */; readonly text: string }
  | {
      readonly action: 'print' | 'start'
      readonly configFile: string | undefined
      readonly properties: readonly PropertyOption[]
    }

const AFTER_HELP = `
Any property of the configuration can be given as --key value or --key=value too:
  mqnamesrv --listenPort 9999 --scanNotActiveBrokerInterval=5000
or as a variable of the environment, MQNAMESRV_LISTEN_PORT=9999. Defaults give way to the
file, the file to the environment, the environment to the command line.
docs/configuration.md has the table of all properties; -p prints them with their values.

Exit codes: 0 after -h, -v, -p and a shutdown by SIGTERM or SIGINT; 1 if the start or the
shutdown fails; 2 if the command line cannot be understood.
`

/**
 * Reads a command line, Java's options and ours.
 *
 * @param argv - The arguments alone, without the program and its file.
 * @throws {UsageError}
 * @see org.apache.rocketmq.namesrv.NamesrvStartup#parseCommandlineAndConfigFile
 */
export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  let shown = ''
  const program = new Command('mqnamesrv')
    .description('A RocketMQ NameServer: brokers register with it, clients ask it for routes.')
    .usage('[options] [--property value ...]')
    .option(
      '-c, --configFile <file>',
      'Java .properties file; updates of the configuration are written to it',
    )
    .option('-p, --printConfigItem', 'print every key of the configuration as a file for -c, and exit')
    .option('-n, --namesrvAddr <addresses>', 'accepted because Java accepts it, and ignored')
    .version(`mqnamesrv ${version}`, '-v, --version', 'print the version, and leave')
    .helpOption('-h, --help', 'print this help, and leave')
    .addHelpText('after', AFTER_HELP)
    .allowExcessArguments(true)
    .exitOverride()
    .configureOutput({ writeOut: (text) => (shown += text), writeErr: () => {} })

  const split = splitArguments(argv, programOptionsOf(program))
  try {
    program.parse(split.rest, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error
    return { action: 'show', text: shown }
  }
  const [word] = program.args
  if (word !== undefined) {
    throw new UsageError('ERR_USAGE_WORD', `unexpected argument ${JSON.stringify(word)}`)
  }
  const { configFile, printConfigItem } = program.opts<{ configFile?: string; printConfigItem?: boolean }>()
  return { action: printConfigItem === true ? 'print' : 'start', configFile, properties: split.properties }
}

function programOptionsOf(program: Command): ProgramOption[] {
  return program
    .createHelp()
    .visibleOptions(program)
    .map(({ short = '', long = '', required }) => ({ short, long, takesValue: required }))
}
