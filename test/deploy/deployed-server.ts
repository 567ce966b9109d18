import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import { parseCommandLine } from '../../src/cli/daemon/command-line.ts'
import { Configuration } from '../../src/namesrv/config/configuration.ts'

const dockerfile = readFileSync('Dockerfile', 'utf8')

/** What the Dockerfile says of the container. */
export const image = {
  ports: /^EXPOSE (.+)$/m.exec(dockerfile)?.[1]?.split(' ').map(Number) ?? [],
  stateFolder: /install -d -o 3000 -g 3000 (\S+)/.exec(dockerfile)?.[1],
  environment: Object.fromEntries(
    [...dockerfile.matchAll(/\b(MQNAMESRV_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  ),
  user: /^USER (\d+):(\d+)$/m.exec(dockerfile)?.slice(1).map(Number) ?? [],
}

/** All documents of a file of the folder deploy, merge keys resolved. */
export function documentsOf<T>(path: string): T[] {
  return parseAllDocuments(readFileSync(path, 'utf8'), { merge: true }).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0]
    return document.toJS() as T
  })
}

/**
 * The configuration of a server that a container starts with these arguments.
 * @param files - What its files contain, by path.
 * @throws UsageError, ConfigError, Error: it would not start, or warn of a key that does not exist.
 */
export function startedWith(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Configuration {
  const commandLine = parseCommandLine(args, '0.1.0')
  if (commandLine.action !== 'start') throw new Error(`it starts no server: ${args.join(' ')}`)
  const path = commandLine.configFile
  const text = path === undefined ? undefined : files[path]
  if (path !== undefined && text === undefined) throw new Error(`there is no file ${path}`)
  const { configuration, notices } = Configuration.resolve({
    args: commandLine.keys,
    env: image.environment,
    file: path === undefined || text === undefined ? undefined : { path, bytes: Buffer.from(text, 'latin1') },
    homeDirectory: '/home/rocketmq',
    processors: 2,
  })
  if (notices[0] !== undefined) throw new Error(`${notices[0].message}: ${JSON.stringify(notices[0].fields)}`)
  return configuration
}
