import { describeErrno } from '../../common/describe-errno.ts'
import { ConfigError } from '../../namesrv/config/config-error.ts'
import { Configuration } from '../../namesrv/config/configuration.ts'
import { parseRemoteAddress } from '../../remoting/address.ts'
import { CommandError } from '../command-error.ts'
import { durationMs } from '../duration.ts'
import { ExitCode } from '../exit-code.ts'
import type { Polling } from '../observe/observed-name-server.ts'
import type { Values } from '../parse.ts'
import type { Run } from '../run-command.ts'

const MAX_LOOKUPS = 1_000

/** `observe`: shows other NameServers as one of ours shows itself, until a signal ends it. */
export const run: Run = async ({ servers, values, world }) => {
  const polling = pollingOf(values)
  const { configuration, anyPort } = configurationOf(values, world.env, polling)
  // No other command needs a server.
  const { serveObservation } = await import('../observe/serve-observation.ts')
  const options = { configuration, servers, polling, anyPort }
  try {
    const code = await serveObservation(options, world.takeProcess(), world.stdout.isTTY === true)
    return code === ExitCode.YES ? ExitCode.YES : ExitCode.NO
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError('usage', error.problems.join('; '))
    throw new CommandError('failed', `cannot serve HTTP (--listen): ${describeErrno(error)}`)
  }
}

/** @throws {CommandError} `usage` */
function pollingOf(values: Values): Polling {
  const duration = (name: string, option: string, byDefault: string): number => {
    const text = values[name]
    return durationMs(typeof text === 'string' ? text : byDefault, option)
  }
  const { maxLookups = '25' } = values
  const lookups = /^\d{1,4}$/.test(`${maxLookups}`) ? Number(maxLookups) : 0
  if (lookups < 1 || lookups > MAX_LOOKUPS)
    throw new CommandError(
      'usage',
      `--max-lookups ${JSON.stringify(maxLookups)} is not a number from 1 to ${MAX_LOOKUPS}`,
    )
  const polling = {
    intervalMs: duration('interval', '--interval', '10s'),
    routesMs: duration('routesEvery', '--routes-every', '5m'),
    maxLookups: lookups,
  }
  if (polling.intervalMs >= 1_000) return polling
  throw new CommandError('usage', `--interval ${values['interval']} is less than 1s; poll more gently`)
}

/**
 * The configuration of the HTTP server and the log: defaults, environment, `--listen`.
 * @throws {CommandError} `usage`
 */
function configurationOf(
  { listen }: Values,
  env: Readonly<Record<string, string | undefined>>,
  { intervalMs }: Polling,
): { readonly configuration: Configuration; readonly anyPort: boolean } {
  const args = [
    { key: 'httpRequired', value: 'true' },
    // It is no NameServer, so clients must not be sent to it.
    { key: 'nsAddrService', value: 'false' },
    { key: 'peersIntervalMillis', value: `${intervalMs}` },
  ]
  let anyPort = false
  if (typeof listen === 'string') {
    const { host, port } = listenAddress(listen)
    anyPort = port === 0
    args.push({ key: 'httpBindAddress', value: host })
    if (!anyPort) args.push({ key: 'httpListenPort', value: `${port}` })
  }
  try {
    const { configuration } = Configuration.resolve({ env, args, homeDirectory: undefined, processors: 1 })
    if (configuration.values.httpListenPort === 0)
      throw new CommandError('usage', 'httpListenPort is 0: there would be nothing to see; use --listen')
    return { configuration, anyPort }
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError('usage', error.problems.join('; '))
    throw error
  }
}

/** @throws {CommandError} `usage` */
function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const isAny = /:0$/.test(text)
  try {
    const { host, port } = parseRemoteAddress(isAny ? `${text.slice(0, -1)}1` : text)
    return { host, port: isAny ? 0 : port }
  } catch {
    throw new CommandError('usage', `--listen ${JSON.stringify(text.slice(0, 100))} is not host:port`)
  }
}
