import { writeFileSync } from 'node:fs'
import { describeErrno } from '../../common/describe-errno.ts'
import { type ConfigKey, type ConfigOwner, textOf } from '../../namesrv/config/config-key.ts'
import { CONFIG_KEYS } from '../../namesrv/config/config-keys.ts'
import { propertyLine } from '../../namesrv/config/java-properties.ts'
import { CommandError } from '../command-error.ts'
import { wrapped } from '../output/wrapped.ts'
import type { Run } from '../run-command.ts'

const WIDTH = 100

const SECTIONS: Readonly<Record<ConfigOwner, string>> = {
  namesrv: "Java's NamesrvConfig",
  nettyServer: "Java's NettyServerConfig: the server's connections",
  nettyClient: "Java's NettyClientConfig: connections to brokers and other NameServers",
  system: 'System properties of Java',
  own: 'Keys of mqnamesrv',
}

/** `init [FILE]`: a configuration file with all keys, each commented out with its default. */
export const run: Run = async ({ values }) => {
  const file = `${values['file'] ?? 'namesrv.properties'}`
  const lines = fileLines(file === '-' ? 'namesrv.properties' : file)
  if (file !== '-') write(file, `${lines.join('\n')}\n`)
  return {
    items: [file === '-' ? { file: null, lines } : { file, keys: CONFIG_KEYS.length }],
    view: {
      lines: (item) =>
        item.lines ?? [`wrote ${item.file}: ${item.keys} keys, all commented out; mqnamesrv -c ${item.file}`],
    },
    name: (item) => item.file ?? '-',
  }
}

/** @throws {CommandError} `failed` */
function write(path: string, text: string): void {
  try {
    // Secrets may be written into it: other users must not read it.
    writeFileSync(path, text, { flag: 'wx', mode: 0o640 })
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new CommandError(
      'failed',
      isThere
        ? `${path} exists, and init never writes over a file`
        : `cannot write ${path}: ${describeErrno(error)}`,
    )
  }
}

function fileLines(path: string): string[] {
  const owners = Object.keys(SECTIONS) as ConfigOwner[]
  return [
    '# Configuration of mqnamesrv: a Java .properties file, ISO-8859-1, other characters as \\uXXXX.',
    '#',
    `#   mqnamesrv config check ${path}`,
    `#   mqnamesrv -c ${path}`,
    '#',
    '# To set a key, remove the # in front of it and change its value, which is the default here. An update',
    '# of the configuration over the network is written to this file, and its comments are lost then.',
    ...owners.flatMap((owner) => {
      const keys = CONFIG_KEYS.filter((key) => key.owner === owner)
      return ['', `# ---- ${SECTIONS[owner]} ----`, ...keys.flatMap(keyLines)]
    }),
  ]
}

function keyLines(key: ConfigKey): string[] {
  const { name, default: byDefault, words, unit, min, max } = key
  const isComputed = typeof byDefault === 'object'
  const range = [min === undefined ? [] : `min ${min}`, max === undefined ? [] : `max ${max}`]
    .flat()
    .join(', ')
  const facts = [
    unit === undefined ? [] : `Unit: ${unit}.`,
    range === '' ? [] : `Range: ${range}.`,
    words === undefined ? [] : `One of: ${words.join(', ')}.`,
    isComputed ? `Default: ${byDefault.text}.` : [],
  ].flat()
  const text = [textOf(key), ...facts].join(' ').replaceAll('`', '')
  return [
    '',
    ...wrapped(text, WIDTH - 2).map((line) => `# ${line}`),
    `#${propertyLine(name, isComputed ? '' : `${byDefault ?? ''}`)}`,
  ]
}
