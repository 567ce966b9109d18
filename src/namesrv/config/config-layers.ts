import { nearestName } from '../../common/nearest-name.ts'
import { hasContent } from '../files/atomic-file.ts'
import { ConfigError } from './config-error.ts'
import {
  type ConfigKey,
  type ConfigNotice,
  type ConfigSource,
  type GivenText,
  HIDDEN,
  isField,
  VARIABLE_PREFIX,
  variableOf,
} from './config-key.ts'
import { CONFIG_KEYS, CONFIG_NAMES, findConfigKey } from './config-keys.ts'
import { isControllerKey } from './java-config-keys.ts'
import { type JavaProperty, parseJavaProperties } from './java-properties.ts'

/** A configuration file: its path as the user wrote it, and its content. */
export interface ConfigFile {
  readonly path: string
  readonly bytes: Uint8Array
  /** The content before the last update of the configuration, if it can be read. */
  readonly backup?: Pick<ConfigFile, 'path' | 'bytes'> | undefined
}

/** A key, or what may be one, with its text. */
export type KeyText = Pick<JavaProperty, 'key' | 'value'>

/** The layers over the defaults, from the lowest to the highest. */
export interface ConfigLayers {
  readonly file?: ConfigFile | undefined
  readonly env?: Readonly<Record<string, string | undefined>>
  /** From options, `--key value` or `--key=value`; of equal keys the last one counts. */
  readonly args?: readonly KeyText[]
  /**
   * The function whose arguments `args` are, if it is no command line: messages name it, and a value out of range is an error
   * for every key.
   */
  readonly caller?: string
}

/** What all layers together say. */
export interface Given {
  /** By the name of the key, in the order of the layers. */
  readonly texts: Map<string, GivenText>
  /** Pairs of the file that are no field of NamesrvConfig or NettyServerConfig, as the file has them. */
  readonly extras: Map<string, string>
  /** Why the file cannot be read: it is left out then. */
  fileError?: ConfigError
  readonly notices: ConfigNotice[]
}

/** Lays file, environment and command line over each other. */
export function readLayers({ file, env = {}, args = [], caller }: ConfigLayers): Given {
  const given: Given = { texts: new Map(), extras: new Map(), notices: [] }
  if (file !== undefined) addFile(given, file)
  addEnvironment(given, env)
  addLayer(
    given,
    args,
    ({ key }) => ({ layer: 'option', place: caller ?? `option --${key}` }),
    caller !== undefined,
  )
  const unused = CONFIG_KEYS.filter(({ effect }) => effect === 'none').map(({ name }) => name)
  const set = unused.filter((name) => given.texts.has(name))
  noticeKeys(given, 'keys without effect here', set)
  return given
}

/** Editors on Windows write it in front of UTF-8; a `.properties` file is ISO-8859-1. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/** The backup is used if the file is empty, as a full disk leaves it, or holds only zeros, as a power failure does. */
function addFile(given: Given, file: ConfigFile): void {
  const { backup } = file
  const useBackup = !hasContent(file.bytes) && backup !== undefined && hasContent(backup.bytes)
  const { path, bytes } = useBackup ? backup : file
  try {
    const pairs = parseJavaProperties(bytes, path)
    for (const { key: name, value } of pairs.values()) {
      const key = findConfigKey(name)
      if (!isField(key) || key.name !== name) given.extras.set(name, value)
    }
    if (BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte)) {
      warn(
        given,
        'the file begins with a byte order mark, which is part of its first line; save it without',
        { path },
      )
    }
    if (useBackup) {
      warn(given, 'configuration file is empty; its backup is used', { path: file.path, backup: path })
    }
    for (const { key, value, line, earlier = [] } of pairs.values()) {
      for (const ignored of earlier) {
        if (ignored.value === value) continue
        const fields = { source: `${path}:${ignored.line}`, key, lineInEffect: line }
        warn(given, 'value ignored: the key is set again below', fields)
      }
    }
    addLayer(given, pairs.values(), ({ line }) => ({ layer: 'file', place: `${path}:${line}` }))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const hint = useBackup ? '' : backupHint(backup)
    const problems = error.problems.map((problem) => `${problem}${hint}`)
    given.fileError = new ConfigError(error.code, problems, { cause: error })
  }
  // Java sets it after the file is read, whatever the file itself says.
  given.texts.set('configStorePath', { text: file.path, source: { layer: 'file', place: file.path } })
}

/** Lays one layer over what is there. A key's own name counts more than its alias, wherever the two stand. */
function addLayer<Pair extends KeyText>(
  given: Given,
  layer: Iterable<Pair>,
  sourceOf: (pair: Pair) => ConfigSource,
  isStrict = false,
): void {
  const isAlias = ({ key }: Pair): boolean => findConfigKey(key)?.alias === key
  const controllerKeys: string[] = []
  for (const pair of [...layer].sort((a, b) => Number(isAlias(b)) - Number(isAlias(a)))) {
    const key = findConfigKey(pair.key)
    const source = sourceOf(pair)
    if (key !== undefined) setText(given, key, { text: pair.value, source, isStrict })
    else if (isControllerKey(pair.key)) controllerKeys.push(pair.key)
    else {
      const fields = { source: source.place, key: pair.key, ...didYouMean(pair.key, CONFIG_NAMES) }
      warn(given, 'unknown key has no effect', fields)
    }
  }
  noticeKeys(given, 'controller keys without effect here', controllerKeys)
}

function setText(given: Given, key: ConfigKey, givenText: GivenText): void {
  const { text, source } = givenText
  // What `-p` shows in place of a secret must not become the secret when its output is used as a file.
  if (key.secret === true && text === HIDDEN) {
    const message = 'asterisks in place of a secret ignored; set the secret itself'
    warn(given, message, { source: source.place, key: key.name })
    return
  }
  // Removed first, so that the keys stand in the order of the layers that won.
  given.texts.delete(key.name)
  given.texts.set(key.name, givenText)
}

/** Set by Kubernetes in every container beside a service named mqnamesrv; not meant for this program. */
const SERVICE_VARIABLE = /^MQNAMESRV_(?:SERVICE_(?:HOST|PORT)|PORT)(?:_|$)/

const VARIABLES = CONFIG_KEYS.map(({ name }) => variableOf(name))

function addEnvironment(given: Given, env: Readonly<Record<string, string | undefined>>): void {
  for (const key of CONFIG_KEYS) {
    for (const variable of [key.variable, variableOf(key.name)]) {
      const text = variable === undefined ? undefined : env[variable]
      // An empty variable is how a shell or a container file says "not set".
      if (variable === undefined || text === undefined || text === '') continue
      setText(given, key, {
        text,
        source: { layer: 'environment', place: `environment variable ${variable}` },
      })
    }
  }
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith(VARIABLE_PREFIX) || SERVICE_VARIABLE.test(variable)) continue
    if (VARIABLES.includes(variable)) continue
    warn(given, 'unknown environment variable ignored', { variable, ...didYouMean(variable, VARIABLES) })
  }
  noticeJvmOptions(given, env)
}

/** Variables from which scripts and images of the Java NameServer take options for its JVM. */
const JVM_VARIABLES = ['JAVA_OPT', 'JAVA_OPT_EXT', 'HEAP_OPTS', 'JAVA_HEAP_SIZE']

/** System properties among the options may be keys that Java's server has in effect: these are worth a warning. */
function noticeJvmOptions(given: Given, env: Readonly<Record<string, string | undefined>>): void {
  const variables = JVM_VARIABLES.filter((variable) => (env[variable] ?? '').trim() !== '')
  if (variables.length === 0) return
  given.notices.push({ level: 'info', message: 'JVM options ignored', fields: { variables } })
  const options = variables.map((variable) => env[variable]).join(' ')
  const names = [...options.matchAll(/(?<!\S)-D([^\s=]+)/g)].map(([, name = '']) => name)
  const keys = names.filter((name) => (findConfigKey(name)?.effect ?? 'none') !== 'none')
  if (keys.length > 0) {
    warn(given, 'system properties in JVM options ignored; set these keys in the file', { keys })
  }
}

function didYouMean(name: string, candidates: readonly string[]): { didYouMean?: string } {
  const nearest = nearestName(name, candidates)
  return nearest === undefined ? {} : { didYouMean: nearest }
}

function noticeKeys({ notices }: Given, message: string, keys: readonly string[]): void {
  if (keys.length > 0) notices.push({ level: 'info', message, fields: { keys } })
}

function warn({ notices }: Given, message: string, fields: ConfigNotice['fields']): void {
  notices.push({ level: 'warn', message, fields })
}

/** The end of a message about a configuration file that cannot be used; empty if its backup cannot be used either. */
export function backupHint(backup: ConfigFile['backup']): string {
  if (backup === undefined || !hasContent(backup.bytes)) return ''
  try {
    parseJavaProperties(backup.bytes)
    return `; its backup ${backup.path} can be used instead`
  } catch {
    return ''
  }
}
