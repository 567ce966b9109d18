import { dateOf, type InspectSources, type ObservedState } from './sources.ts'
import { objectOf, type Schema, type View, type ViewRequest } from './view.ts'
import { ViewError } from './view-error.ts'

const COUNT: Schema = { type: ['integer', 'null'] }
const AGE: Schema = { type: ['integer', 'null'] }
const DATE: Schema = { type: ['string', 'null'], format: 'date-time' }

/** Schema of the member `observed` of every response about an observed NameServer. */
export const OBSERVED_SCHEMA: Schema = {
  ...objectOf({
    namesrv: { type: 'string', description: 'The NameServer that was read, `host:port`' },
    version: {
      type: ['string', 'null'],
      description: 'Its release, such as `V5_3_1`; null before its first response',
    },
    at: { ...DATE, description: 'When its brokers were last read; null before the first time' },
    ageMs: { ...AGE, description: 'Milliseconds since then' },
    topics: { ...COUNT, description: 'Topics that it lists; null if that is not known' },
    routes: { type: 'integer', description: 'Topics whose routes have been read' },
    routesAgeMs: {
      ...AGE,
      description:
        'Neither a route nor the list of topics is older than this, in milliseconds; null until all have been read once',
    },
    unreachableSince: {
      ...DATE,
      description: 'Since when it does not respond, or rejects what it is asked; null if it can be read',
    },
    reason: { type: ['string', 'null'], description: 'What is missing or old, and why' },
  }),
  description: 'This was read from another NameServer, which does not know of it',
}

/** How an observed NameServer and the age of what is known of it are shown. */
export function shownObserved(
  { namesrv, version, readMs, topics, routes, routesReadMs, unreachableMs, reason }: ObservedState,
  clocks: Pick<InspectSources, 'nowMs' | 'dateMs'>,
) {
  const dateIfAny = (ms: number | undefined) => (ms === undefined ? null : dateOf(ms, clocks))
  const ageOf = (ms: number | undefined) => (ms === undefined ? null : Math.round(clocks.nowMs() - ms))
  return {
    namesrv,
    version: version ?? null,
    at: dateIfAny(readMs),
    ageMs: ageOf(readMs),
    topics: topics ?? null,
    routes,
    routesAgeMs: ageOf(routesReadMs),
    unreachableSince: dateIfAny(unreachableMs),
    reason: reason ?? null,
  }
}

/** What another NameServer does not tell, by the path of the view. */
const NOT_OBSERVED: Readonly<Record<string, string>> = {
  '/api/v1/config': 'its whole configuration; mqnamesrv config get shows what it tells',
  '/api/v1/connections': 'its connections',
  '/api/v1/clients': 'its clients',
  '/api/v1/rejections': 'what it rejects',
  '/api/v1/access/whoami': 'its access policy',
  '/api/v1/access/test': 'its access policy',
  '/api/v1/misses': 'which topics its clients ask for and do not find',
}

/** Views that say something of a NameServer that has never been read: all others would look as if it had nothing. */
const SHOWN_UNREAD = ['status', 'findings', 'events', 'peers', 'departures'].map((name) => `/api/v1/${name}`)

/** Rejects what cannot be told yet. @throws {ViewError} `ERR_UNAVAILABLE`, with what is missing. */
function checkRead(
  viewPath: string,
  { path, query }: ViewRequest,
  { observed, routeInfo }: InspectSources,
): void {
  if (observed === undefined || SHOWN_UNREAD.includes(viewPath)) return
  const { readMs, routesReadMs, reason } = observed.state
  const topic = path['topic'] ?? query.get('topic')
  const isUnreadTopic = topic !== null && routesReadMs === undefined && routeInfo.queues(topic) === undefined
  if (readMs === undefined || isUnreadTopic)
    throw new ViewError('ERR_UNAVAILABLE', `not observed yet: ${reason}`)
}

/** Reads a view; that something does not exist is as old as what was looked at. @throws {ViewError} (rejects) */
async function readAged(
  view: Pick<View, 'read'>,
  request: ViewRequest,
  sources: InspectSources,
): Promise<unknown> {
  try {
    return await view.read(request)
  } catch (error) {
    const { readMs } = sources.observed?.state ?? {}
    if (!(error instanceof ViewError) || error.code !== 'ERR_NOT_FOUND' || readMs === undefined) throw error
    const seconds = Math.round((sources.nowMs() - readMs) / 1_000)
    throw new ViewError(error.code, `${error.message} (observed ${seconds} s ago)`)
  }
}

/** Views of an observed NameServer: each response says so, and how old it is. What cannot be observed is an error that says so. */
export function observedViews(views: readonly View[], sources: InspectSources): View[] {
  return views.map(({ path, version: _, ...view }) => {
    const missing = NOT_OBSERVED[path]
    return {
      ...view,
      path,
      response: withObserved(view.response),
      read: async (request) => {
        if (missing !== undefined)
          throw new ViewError('ERR_NOT_FOUND', `not observed: a NameServer does not tell ${missing}`)
        checkRead(path, request, sources)
        const value = await readAged(view, request, sources)
        const { observed } = sources
        return { ...(observed && { observed: shownObserved(observed.state, sources) }), ...(value as object) }
      },
    }
  })
}

function withObserved(schema: Schema): Schema {
  const { properties, required } = schema as {
    readonly properties?: Readonly<Record<string, Schema>>
    readonly required?: readonly string[]
  }
  return {
    ...schema,
    required: ['observed', ...(required ?? [])],
    properties: { observed: OBSERVED_SCHEMA, ...properties },
  }
}
