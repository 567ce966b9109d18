import { availableParallelism } from 'node:os'
import { configurationOf, type ServerConfiguration } from '../../admin/configuration.ts'
import type { ShownValue } from '../../admin/server-key.ts'
import { shownText } from '../../namesrv/config/config-key.ts'
import { findConfigKey } from '../../namesrv/config/config-keys.ts'
import { Configuration } from '../../namesrv/config/configuration.ts'
import { parseJavaProperties } from '../../namesrv/config/java-properties.ts'
import { AllFailedError, CommandError } from '../command-error.ts'
import { javaUserHome } from '../daemon/config-file.ts'
import { type Column, tableLines } from '../output/table.ts'
import { width } from '../output/width.ts'
import { indented } from '../output/wrapped.ts'
import type { CommandWorld, Run } from '../run-command.ts'
import { configFile } from './config-check.ts'

/** A configuration that is compared. */
interface Side {
  /** The address, or the path of the file. */
  readonly name: string
  /** Null for a key without a value. Keys that it does not have, or does not show, are missing. */
  readonly values: ReadonlyMap<string, ShownValue>
}

interface File extends Side {
  /** The keys that the file sets. */
  readonly keys: readonly string[]
}

/** `config diff [FILE]`: NameServers against each other, or against a file. */
export const run: Run = async ({ values, servers, world, columns, askEach }) => {
  const path = values['file'] as string | undefined
  if (path === undefined && servers.length < 2)
    throw new CommandError('usage', 'name at least two NameServers (-n "a;b"), or a FILE')
  const file = path === undefined ? undefined : await readFile(path, world)
  const { items: configurations, failures } = await askEach(async (server) => [await configurationOf(server)])
  const sides = [...(file === undefined ? [] : [file]), ...configurations.map(sideOf)]
  if (sides.length < 2) throw new AllFailedError(failures)
  const isComplete = configurations.every(({ limitation }) => limitation === undefined)
  const keys = file === undefined ? configurations.flatMap(keysOf) : fileKeys(file, configurations)
  const items = [...new Set(keys)]
    .filter((key) => {
      const having = sides.filter(({ values }) => values.has(key))
      return new Set(having.map(({ values }) => values.get(key))).size > 1
    })
    .map((key) => ({
      key,
      values: Object.fromEntries(sides.map((side) => [side.name, side.values.get(key) ?? null])),
    }))
  type Item = (typeof items)[number]
  const table: Column<Item>[] = [
    { head: 'KEY', cell: ({ key }) => key },
    ...sides.map(({ name }) => ({ head: name, cell: (item: Item) => item.values[name] })),
  ]
  const lines = ({ key, values }: Item): string[] => [
    key,
    ...Object.entries(values).flatMap(([name, value]) => indented(`${name}: ${value ?? '-'}`, 2, columns)),
  ]
  return {
    items,
    failures,
    notes: [
      ...(items.length === 0 ? [`no differences between ${sides.map(({ name }) => name).join(', ')}`] : []),
      ...(isComplete ? [] : ['some show only the keys of request 319; the others were not compared']),
    ],
    isNo: items.length > 0,
    view: fits(items, table, columns) ? { columns: table } : { lines },
    namesrv: 'never',
    name: ({ key }) => key,
  }
}

function fits<Item>(
  items: readonly Item[],
  columns: readonly Column<Item>[],
  maxWidth: number | undefined,
): boolean {
  const options = { isWide: true, hasHead: true, maxWidth: undefined }
  return (
    maxWidth === undefined || tableLines(items, columns, options).every((line) => width(line) <= maxWidth)
  )
}

/** @throws {CommandError} (rejects) */
async function readFile(path: string, world: CommandWorld): Promise<File> {
  const file = await configFile(path, world)
  // Neither environment nor options: they belong to the process, not to the file.
  const resolved = { file, homeDirectory: javaUserHome(), processors: availableParallelism() }
  const { configuration, errors } = Configuration.resolveUsable(resolved)
  if (errors.length > 0)
    throw new CommandError('failed', `${file.path} is invalid: see mqnamesrv config check ${path}`)
  const names = [...parseJavaProperties(file.bytes).keys()].map((name) => findConfigKey(name)?.name)
  const values = configuration
    .keys()
    .map(
      ({ key, value = null }) =>
        [key.name, typeof value === 'string' ? shownText(key, value) : value] as const,
    )
  return { name: file.path, values: new Map(values), keys: names.filter((name) => name !== undefined) }
}

function sideOf({ namesrv, keys }: ServerConfiguration & { readonly namesrv: string }): Side {
  return { name: namesrv, values: new Map(keys.map(({ key, value }) => [key, value])) }
}

function keysOf({ keys }: ServerConfiguration): string[] {
  return keys.map(({ key }) => key)
}

/** What the file sets, and what a server has from elsewhere: the file gives these their defaults. */
function fileKeys(file: File, configurations: readonly ServerConfiguration[]): string[] {
  const others = configurations.flatMap(({ keys }) =>
    keys
      .filter(({ key, source }) => source !== null && source.layer !== 'default' && key !== 'configStorePath')
      .map(({ key }) => key),
  )
  return [...file.keys, ...others].filter((key) => file.values.has(key))
}
