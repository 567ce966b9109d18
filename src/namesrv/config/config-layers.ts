import { backupUsed, NO_PAIRS, pairsOf } from './config-backup.ts'
import { HIDDEN } from './config-entry.ts'
import type { OwnedConfigKey } from './config-key.ts'
import { CONFIG_KEYS, CONFIG_NAMES, findConfigKey } from './config-keys.ts'
import { type ConfigSource, describeSource, VARIABLE_PREFIX, variableOf } from './config-source.ts'
import { isControllerKey } from './controller-keys.ts'
import type { JavaProperty } from './java-properties.ts'
import { nearestKey } from './nearest-key.ts'

/** A configuration file: its path as the user wrote it, and its content. */
export interface ConfigFile {
  readonly path: string
  readonly bytes: Uint8Array
  /** What an update of the configuration replaced last, if that can be read. */
  readonly backup?: Pick<ConfigFile, 'path' | 'bytes'> | undefined
}

/** A property given on the command line, as `--key value` or `--key=value`. */
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

/** Something to tell the user that does not stand in the way of a start. */
export interface ConfigNotice {
  readonly level: 'info' | 'warn'
  /** One line. */
  readonly message: string
  /** The keys or variables it is about. */
  readonly keys: readonly string[]
}

/** A text given for a key, not converted yet. */
export interface GivenText {
  readonly text: string
  readonly source: ConfigSource
}

/** What all layers together say. */
export interface Given {
  /** By canonical key. */
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
export function readLayers(layers: ConfigLayers): Given {
  const { file, env = {}, args = [] } = layers
  const { path, pairs: filePairs } = file === undefined ? NO_PAIRS : pairsOf(file)
  const given: Given = { texts: new Map(), filePairs, notices: [] }

  if (file !== undefined) {
    if (path !== file.path) given.notices.push(backupUsed(file.path, path))
    give(
      given,
      [...filePairs.values()].map(({ key, value: text, line }) => ({
        name: key,
        text,
        source: { layer: 'file', path, line },
      })),
    )
    // Java sets it after the file is read, whatever the file itself says.
    given.texts.set('configStorePath', { text: file.path, source: { layer: 'file', path: file.path } })
  }
  readEnvironment(given, env)
  give(
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
function give(given: Given, layer: readonly (GivenText & { readonly name: string })[]): void {
  const isAlias = ({ name }: { name: string }): boolean => findConfigKey(name)?.alias === name
  const controllerKeys: string[] = []
  for (const { name, text, source } of [
    ...layer.filter(isAlias),
    ...layer.filter((pair) => !isAlias(pair)),
  ]) {
    const row = findConfigKey(name)
    if (row !== undefined) {
      setText(given, row, { text, source })
      continue
    }
    if (isControllerKey(name)) {
      controllerKeys.push(name)
      continue
    }
    const hint = didYouMean(nearestKey(name, CONFIG_NAMES))
    given.notices.push({
      level: 'warn',
      message: `${describeSource(source)}: unknown key ${JSON.stringify(name)} is kept and has no effect${hint}`,
      keys: [name],
    })
  }
  if (controllerKeys.length > 0) {
    given.notices.push({
      level: 'info',
      message: `keys of Java's controller are kept and have no effect here: ${controllerKeys.join(', ')}`,
      keys: controllerKeys,
    })
  }
}

/** What `-p` shows in place of a secret must not become the secret when its output is used as a file. */
function setText({ texts, notices }: Given, row: OwnedConfigKey, text: GivenText): void {
  if (row.secret !== true || text.text !== HIDDEN) {
    // Removed first, so that the keys stand in the order of the layers that won.
    texts.delete(row.key)
    texts.set(row.key, text)
    return
  }
  notices.push({
    level: 'warn',
    message: `${describeSource(text.source)}: ${row.key}=${HIDDEN} is ignored: it is shown in place of a secret; set the secret itself`,
    keys: [row.key],
  })
}

/** Set by Kubernetes in every container beside a service named mqnamesrv; not meant for this program. */
const SERVICE_VARIABLE = /^MQNAMESRV_(?:SERVICE_(?:HOST|PORT)|PORT)(?:_|$)/

const keyByVariable = new Map(CONFIG_KEYS.map((row) => [variableOf(row.key), row.key]))

function readEnvironment(given: Given, env: Readonly<Record<string, string | undefined>>): void {
  for (const row of CONFIG_KEYS) {
    for (const variable of [row.variable, variableOf(row.key)]) {
      const text = variable === undefined ? undefined : env[variable]
      // An empty variable is how a shell or a container file says "not set".
      if (variable === undefined || text === undefined || text === '') continue
      setText(given, row, { text, source: { layer: 'environment', variable } })
    }
  }
  for (const variable of Object.keys(env)) {
    if (
      !variable.startsWith(VARIABLE_PREFIX) ||
      keyByVariable.has(variable) ||
      SERVICE_VARIABLE.test(variable)
    ) {
      continue
    }
    const nearest = nearestKey(variable, [...keyByVariable.keys()])
    given.notices.push({
      level: 'warn',
      message: `unknown environment variable ${variable} is ignored${didYouMean(nearest)}`,
      keys: [variable],
    })
  }
}

/** The hint at the end of a message about an unknown name. */
export function didYouMean(nearest: string | undefined): string {
  return nearest === undefined ? '' : `; did you mean ${nearest}?`
}
