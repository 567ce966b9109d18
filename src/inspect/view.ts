import type { Sender } from '../access/policy.ts'
import type { MaybePromise } from '../common/time-slicer.ts'
import { CURRENT_VERSION } from '../protocol/remoting-command.ts'
import { versionOfRelease } from '../protocol/version-name.ts'
import type { LockOwner } from '../routeinfo/read-write-lock.ts'
import { ViewError } from './view-error.ts'

/** A JSON Schema (2020-12), as OpenAPI 3.1 uses it. */
export type Schema = Readonly<Record<string, unknown>>

/** A parameter of a view's query. */
export interface QueryParameter {
  readonly name: string
  /** One sentence for the documentation. */
  readonly summary: string
  readonly schema: Schema
}

/** What a view is asked. */
export interface ViewRequest {
  /** The values of the path's `{parameters}`, decoded. */
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The sender, as the access policy sees it. */
  readonly sender: Sender
  /** For whom it reads: if it closes, waiting for the lock ends. */
  readonly owner: LockOwner
}

/** A read-only view of the server, at a path of its own, for the HTTP port and request 1450. */
export interface View {
  /** Such as `/api/v1/topics/{topic}`. */
  readonly path: string
  /** One sentence for the documentation. */
  readonly summary: string
  /** Other parameters are rejected. Default: none. */
  readonly parameters?: readonly QueryParameter[]
  /** Of what `read` returns. */
  readonly response: Schema
  /** Version of the value: while it is equal, so is the value. Absent if it is not known without reading. */
  readonly version?: () => string
  /**
   * A plain value for JSON. Long reading is done in slices.
   * @throws {ViewError} (or rejects)
   */
  read(request: ViewRequest): MaybePromise<unknown>
}

/** A text of the query or of a path as an error message shows it: in quotes, and not all of a long one. */
export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}

/** A Java long as JSON: a number if a double holds it exactly, otherwise its digits as a string. */
export function longValue(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : `${value}`
}

/** Schema of {@link longValue}. */
export const LONG_SCHEMA: Schema = { type: ['integer', 'string'] }

/** The first of many names, and how many there are. */
export class FirstNames {
  total = 0
  readonly names: string[] = []
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  add(name: string): void {
    this.total++
    if (this.names.length < this.#limit) this.names.push(name)
  }
}

/** Schema of {@link FirstNames}. @param description - Of the names. */
export function firstNamesOf(description: string): Schema {
  const names = { type: 'array', items: { type: 'string' }, description: 'The first of them' }
  return { ...objectOf({ total: { type: 'integer' }, names }), description }
}

/** Schema of an object that has exactly these members. */
export function objectOf(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', required: Object.keys(properties), additionalProperties: false, properties }
}

/** An integer of the query. @throws {ViewError} `ERR_BAD_REQUEST` if it is no number from `min` to `max`. */
export function integerOf(
  query: URLSearchParams,
  name: string,
  { min, max, otherwise }: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  const text = query.get(name)
  if (text === null) return otherwise
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new ViewError('ERR_BAD_REQUEST', `${name}=${quoted(text)} is not a number from ${min} to ${max}`)
}

/** The version of a client that looks a topic up. */
export const VERSION_PARAMETER: QueryParameter = {
  name: 'version',
  summary: 'Version of the client: a release such as `4.9.7`, or the number in its requests. Default 5.5.0.',
  schema: { type: 'string', pattern: '^\\d+(\\.\\d+\\.\\d+)?$' },
}

/** The value of {@link VERSION_PARAMETER}, as a number. @throws {ViewError} `ERR_BAD_REQUEST` */
export function versionOf(query: URLSearchParams, otherwise: number = CURRENT_VERSION): number {
  const text = query.get('version') ?? ''
  if (!text.includes('.')) return integerOf(query, 'version', { min: 0, max: 2 ** 31 - 1, otherwise })
  const version = versionOfRelease(text)
  if (version === undefined)
    throw new ViewError('ERR_BAD_REQUEST', `version=${quoted(text)} is not a release`)
  return version
}

/** One of several values of the query; undefined if it is absent. @throws {ViewError} `ERR_BAD_REQUEST` if it is another one. */
export function choiceOf<Choice extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  const choice = choices.find((each) => each === text)
  if (choice !== undefined) return choice
  throw new ViewError('ERR_BAD_REQUEST', `${name}=${quoted(text)} is not one of ${choices.join(', ')}`)
}

/** Schema of what an operator may want to do: commands for a shell, which ask the NameServers of the variable NAMESRV_ADDR. */
export const COMMANDS: Schema = {
  type: 'array',
  items: objectOf({
    purpose: { type: 'string' },
    command: {
      type: 'string',
      description: 'For a shell; it asks the NameServers of the variable NAMESRV_ADDR',
    },
  }),
  description: 'None if the name cannot be shown as it is',
}
