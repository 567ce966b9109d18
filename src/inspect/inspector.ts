import type { Sender } from '../access/policy.ts'
import type { TimeSlicer } from '../common/time-slicer.ts'
import { LockError, type LockOwner } from '../routeinfo/read-write-lock.ts'
import { jsonBody } from './json-text.ts'
import type { View } from './view.ts'
import { ViewError } from './view-error.ts'

/** The response to a path, the same at the HTTP port and to request 1450. */
export interface InspectResponse {
  /** As in HTTP: 200, 304, 400, 404 or 503. */
  readonly status: number
  /** JSON; empty for 304. Other than 200 it is `{"error":{"code","message"}}`. */
  readonly body: Buffer
  /** Version of the value, if its view has one. */
  readonly version?: string | undefined
}

/** A request for a view. */
export interface InspectRequest {
  /** Path with query, percent-encoded. */
  readonly target: string
  readonly owner: LockOwner
  readonly sender: Sender
  /** Versions that the client has: the response is 304 if the present one is among them. */
  readonly knownVersions?: readonly string[]
}

const STATUS = { ERR_BAD_REQUEST: 400, ERR_NOT_FOUND: 404, ERR_UNAVAILABLE: 503 } as const

/** Max views that are read and written at once: they share one slice of time, and each may hold megabytes. */
const MAX_UNDER_WAY = 16
const TOO_MANY = `${MAX_UNDER_WAY} views are under way; try again later`

/** Finds the view of a path and writes it as JSON. */
export class Inspector {
  readonly views: readonly View[]
  readonly #slicer: TimeSlicer
  #underWay = 0
  readonly #routes: readonly { readonly pattern: RegExp; readonly view: View }[]

  constructor(views: readonly View[], slicer: TimeSlicer) {
    this.views = views
    this.#slicer = slicer
    this.#routes = views.map((view) => ({ pattern: patternOf(view.path), view }))
  }

  /** Rejects if a view fails unexpectedly. @throws {LimitError} (rejects) Too many requests wait for the tables. */
  async ask({ target, owner, sender, knownVersions = [] }: InspectRequest): Promise<InspectResponse> {
    this.#underWay++
    try {
      if (this.#underWay > MAX_UNDER_WAY) throw new ViewError('ERR_UNAVAILABLE', TOO_MANY)
      const { view, path, query } = this.#find(target)
      const version = view.version?.()
      if (version !== undefined && knownVersions.includes(version))
        return { status: 304, body: Buffer.alloc(0), version }
      const value = await view.read({ path, query, owner, sender })
      return { status: 200, body: await this.#slicer.run(jsonBody(value)), version }
    } catch (error) {
      const { code, message } = asViewError(error)
      return { status: STATUS[code], body: Buffer.from(`${JSON.stringify({ error: { code, message } })}\n`) }
    } finally {
      this.#underWay--
    }
  }

  /** The view of a path without query; undefined for an unknown path. */
  viewOf(path: string): View | undefined {
    return this.#routes.find(({ pattern }) => pattern.test(path))?.view
  }

  #find(target: string): Pick<Parameters<View['read']>[0], 'path' | 'query'> & { readonly view: View } {
    const at = target.indexOf('?')
    const encoded = at < 0 ? target : target.slice(0, at)
    const query = new URLSearchParams(at < 0 ? '' : target.slice(at + 1))
    for (const { pattern, view } of this.#routes) {
      const match = pattern.exec(encoded)
      if (match === null) continue
      checkQuery(view, query)
      return { view, path: decoded(match.groups ?? {}), query }
    }
    throw new ViewError('ERR_NOT_FOUND', 'no such path; /api/v1/openapi.json lists all')
  }
}

/** @throws The error itself, unless it is a response. */
function asViewError(error: unknown): ViewError {
  if (error instanceof ViewError) return error
  if (error instanceof LockError) return new ViewError('ERR_UNAVAILABLE', error.message)
  throw error
}

function checkQuery({ parameters = [] }: View, query: URLSearchParams): void {
  const names = parameters.map(({ name }) => name)
  const seen = new Set<string>()
  for (const name of query.keys()) {
    const shown = JSON.stringify(name.slice(0, 100))
    if (!names.includes(name)) {
      const known = names.length === 0 ? 'this path has none' : `known are ${names.join(', ')}`
      throw new ViewError('ERR_BAD_REQUEST', `unknown query parameter ${shown}; ${known}`)
    }
    if (seen.has(name)) throw new ViewError('ERR_BAD_REQUEST', `query parameter ${shown} given twice`)
    seen.add(name)
  }
}

/** `{name}` matches one segment of a path, which may contain an encoded slash. */
function patternOf(path: string): RegExp {
  const source = path.replaceAll(/[.]/g, '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')
  return new RegExp(`^${source}$`)
}

function decoded(segments: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(segments).map(([name, text]) => [name, decodeURIComponent(text)]),
    )
  } catch {
    throw new ViewError('ERR_BAD_REQUEST', 'the path is not percent-encoded UTF-8')
  }
}
