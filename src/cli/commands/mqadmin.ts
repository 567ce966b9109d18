import { hintFor } from '../../common/nearest-name.ts'
import { AllFailedError, CommandError } from '../command-error.ts'
import { ExitCode } from '../exit-code.ts'
import { SERVER_OPTIONS } from '../grammar/definition.ts'
import {
  checkJavaOptions,
  type JavaOption,
  type JavaValues,
  javaUsage,
  parseJavaOptions,
} from '../mqadmin/java-options.ts'
import { SUBCOMMANDS, type Subcommand } from '../mqadmin/subcommands.ts'
import { visible } from '../output/visible.ts'
import type { Values } from '../parse.ts'
import type { CommandWorld, Run } from '../run-command.ts'

const COMMON: readonly JavaOption[] = [
  { letter: 'h', name: 'help', text: 'Print help', hasValue: false },
  {
    letter: 'n',
    name: 'namesrvAddr',
    text: "Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'",
    hasValue: true,
  },
]

/** The options of our commands for TLS and accounts: Java has system properties for them. */
const OWN: readonly JavaOption[] = SERVER_OPTIONS.map(({ flags, text }) => ({
  name: /--([\w-]+)/.exec(flags)?.[1] ?? '',
  text,
  hasValue: flags.includes('<'),
}))

/** `mqadmin [COMMAND [OPTION…]]`, `mqadmin help COMMAND`. @see MQAdminStartup#main0 in apache/rocketmq */
export const run: Run = async ({ values: { words }, world, openServers }) => {
  const [first, ...rest] = words as readonly string[]
  const name = first === 'help' ? rest[0] : first
  if (name === undefined) return printed(list(), world)
  const command = find(name, world)
  const options = [...command.options, ...COMMON]
  const usage = javaUsage(command.name, options)
  if (first === 'help') return printed(usage, world)
  let values: JavaValues
  try {
    values = parseJavaOptions(rest, [...options, ...OWN])
    if (!values.has('help')) checkJavaOptions(values, options)
  } catch (error) {
    // As mqadmin does, with the reason on stderr.
    world.stdout.write(usage)
    throw error
  }
  if (values.has('help')) return printed(usage, world)
  const servers = await openServers(serverValues(values))
  const { stdout, failures = [], notes = [] } = await command.run({ values, servers })
  world.stdout.write(stdout)
  if (failures.length === servers.length) throw new AllFailedError(failures)
  return {
    items: [],
    view: { lines: () => [] },
    name: () => '',
    failures,
    isPartial: failures.length > 0,
    notes,
  }
}

/** The values of {@link OWN} as our own commands have them. */
function serverValues(values: JavaValues): Values {
  const own = OWN.filter(({ name }) => values.has(name)).map(({ name, hasValue }) => {
    const key = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    return [key, hasValue ? values.get(name) : true] as const
  })
  const namesrv = values.get('namesrvAddr')
  return { ...Object.fromEntries(own), ...(namesrv !== undefined && { namesrv }) }
}

/** In any case, as mqadmin finds it. @throws {CommandError} `usage` */
function find(name: string, { stdout }: CommandWorld): Subcommand {
  const found = SUBCOMMANDS.find((command) => command.name.toLowerCase() === name.toLowerCase())
  if (found !== undefined) return found
  stdout.write(`The sub command ${visible(name)} not exist.\n`)
  const names = SUBCOMMANDS.map((command) => command.name)
  const hint = hintFor(name, names) || '; mqnamesrv mqadmin lists them'
  throw new CommandError(
    'usage',
    `no command ${JSON.stringify(name)} of mqadmin here, only those that ask NameServers alone${hint}`,
  )
}

function list(): string {
  const rows = SUBCOMMANDS.map(({ name, description }) => `   ${name.padEnd(35)} ${description}\n`)
  return (
    `The most commonly used mqadmin commands are:\n${rows.join('')}\n` +
    "See 'mqadmin help <command>' for more information on a specific command.\n"
  )
}

function printed(text: string, { stdout }: CommandWorld): ExitCode {
  stdout.write(text)
  return ExitCode.YES
}
