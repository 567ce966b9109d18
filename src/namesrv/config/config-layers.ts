import { hasContent } from '../files/atomic-file.ts'
import { ConfigError } from './config-error.ts'
import { type ConfigKey, VARIABLE_PREFIX, variableOf } from './config-key.ts'
import { CONFIG_KEYS, CONFIG_NAMES, findConfigKey } from './config-keys.ts'
import { CONTROLLER_KEYS } from './java-config-keys.ts'
import { type JavaProperty, parseJavaProperties } from './java-properties.ts'
import { didYouMean } from './nearest-key.ts'
import { describeSource, type GivenText, HIDDEN } from './resolved-key.ts'

/** A configuration file: its path as the user wrote it, and its content. */
export interface ConfigFile {
  readonly path: string
  readonly bytes: Uint8Array
  /** The content before the last update of the configuration, if it can be read. */
  readonly backup?: Pick<ConfigFile, 'path' | 'bytes'> | undefined
}

/** A key given on the command line, as `--key value` or `--key=value`. */
export interface PropertyOption {
  readonly key: string
  readonly value: string
}

/** The layers over the defaults, from the lowest to the highest. */
export interface ConfigLayers {
  readonly file?: ConfigFile | undefined
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Of options with the same key, the last one counts. */
  readonly args?: readonly PropertyOption[]
}

/** Something that the user should know and that does not prevent a start. */
export interface ConfigNotice {
  readonly level: 'info' | 'warn'
  /** One line. */
  readonly message: string
  /** The keys or variables it is about. */
  readonly keys: readonly string[]
}

/** What all layers together say. */
export interface Given {
  /** By the name of the key. */
  readonly texts: Map<string, GivenText>
  /** The pairs of the file, known or not. */
  readonly filePairs: ReadonlyMap<string, JavaProperty>
  readonly notices: ConfigNotice[]
}

/**
 * Lays file, environment and command line over each other.
 *
 * @throws {ConfigError} `ERR_CONFIG_SYNTAX`
 */
export function readLayers({ file, env = {}, args = [] }: ConfigLayers): Given {
  const { path, pairs } = file === undefined ? { path: '', pairs: new Map() } : pairsOf(file)
  const given: Given = { texts: new Map(), filePairs: pairs, notices: [] }
  if (file !== undefined) {
    if (path !== file.path) {
      warn(given, [], `${file.path} is empty: its backup ${path} is used instead`)
    }
    addLayer(
      given,
      Array.from(pairs.values(), ({ key, value: text, line }) => ({
        name: key,
        text,
        source: { layer: 'file', path, line },
      })),
    )
    // Java sets it after the file is read, whatever the file itself says.
    given.texts.set('configStorePath', { text: file.path, source: { layer: 'file', path: file.path } })
  }
  addEnvironment(given, env)
  addLayer(
    given,
    args.map(({ key, value: text }) => ({
      name: key,
      text,
      source: { layer: 'option', option: `--${key}` },
    })),
  )
  return given
}

/** Lays one layer over what is there. A key's own name counts more than its alias, wherever the two stand. */
function addLayer(given: Given, layer: readonly (GivenText & { readonly name: string })[]): void {
  const isAlias = ({ name }: { name: string }): boolean => findConfigKey(name)?.alias === name
  const controllerKeys: string[] = []
  for (const { name, text, source } of [
    ...layer.filter(isAlias),
    ...layer.filter((pair) => !isAlias(pair)),
  ]) {
    const key = findConfigKey(name)
    if (key !== undefined) setText(given, key, { text, source })
    else if (CONTROLLER_KEYS.has(name)) controllerKeys.push(name)
    else {
      const hint = didYouMean(name, CONFIG_NAMES)
      const unknown = `unknown key ${JSON.stringify(name)} is kept and has no effect${hint}`
      warn(given, [name], `${describeSource(source)}: ${unknown}`)
    }
  }
  if (controllerKeys.length > 0) {
    const message = `keys of Java's controller are kept and have no effect here: ${controllerKeys.join(', ')}`
    given.notices.push({ level: 'info', message, keys: controllerKeys })
  }
}

function setText(given: Given, key: ConfigKey, { text, source }: GivenText): void {
  // What `-p` shows in place of a secret must not become the secret when its output is used as a file.
  if (key.secret === true && text === HIDDEN) {
    const why = 'is ignored: it is shown in place of a secret; set the secret itself'
    warn(given, [key.name], `${describeSource(source)}: ${key.name}=${HIDDEN} ${why}`)
    return
  }
  // Removed first, so that the keys stand in the order of the layers that won.
  given.texts.delete(key.name)
  given.texts.set(key.name, { text, source })
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
      setText(given, key, { text, source: { layer: 'environment', variable } })
    }
  }
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith(VARIABLE_PREFIX) || SERVICE_VARIABLE.test(variable)) continue
    if (VARIABLES.includes(variable)) continue
    const hint = didYouMean(variable, VARIABLES)
    warn(given, [variable], `unknown environment variable ${variable} is ignored${hint}`)
  }
}

function warn({ notices }: Given, keys: readonly string[], message: string): void {
  notices.push({ level: 'warn', message, keys })
}

/**
 * Reads the pairs of a configuration file; those of its backup if the file is empty, as a full disk leaves it, or holds only
 * zeros, as a power failure does.
 *
 * @returns The pairs, and the path of the file they were read from.
 * @throws {ConfigError} `ERR_CONFIG_SYNTAX`; the message names the backup if that can be used.
 */
export function pairsOf({ path, bytes, backup }: ConfigFile): {
  readonly path: string
  readonly pairs: Map<string, JavaProperty>
} {
  const useBackup = !hasContent(bytes) && backup !== undefined && hasContent(backup.bytes)
  const source = useBackup ? backup : { path, bytes }
  try {
    return { path: source.path, pairs: parseJavaProperties(source.bytes, source.path) }
  } catch (error) {
    if (!(error instanceof ConfigError) || useBackup) throw error
    const hint = backupHint(backup)
    throw new ConfigError(
      error.code,
      error.problems.map((problem) => `${problem}${hint}`),
      { cause: error },
    )
  }
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
