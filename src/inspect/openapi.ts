import { WATCH } from './events-view.ts'
import { objectOf, type QueryParameter, type Schema, type View } from './view.ts'

/** A path that is no view: it is served at the HTTP port only. */
interface OtherPath {
  readonly path: string
  readonly summary: string
  readonly parameters?: readonly QueryParameter[]
  readonly mediaType: string
  /** Whether it is served without the token. */
  readonly isOpen: boolean
  /** Responses of its own beside 200, by status. */
  readonly errors?: Readonly<Record<number, object>>
}

const PLAIN = 'text/plain; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

const ERROR: Schema = objectOf({
  error: objectOf({
    code: { enum: ['ERR_BAD_REQUEST', 'ERR_NOT_FOUND', 'ERR_UNAVAILABLE', 'ERR_LIMIT'] },
    message: { type: 'string' },
  }),
})

/** The reason as JSON, or in one line if the request was rejected before its path was read. */
function errorResponse(description: string) {
  return {
    description,
    content: { [JSON_TYPE]: { schema: { $ref: '#/components/schemas/Error' } }, [PLAIN]: {} },
  }
}

const BAD_REQUEST = { 400: errorResponse('Not a valid request, or a bad parameter') }
const BUSY = { 503: errorResponse('The server is busy; try again after the time in Retry-After') }

/** What any request may get. */
const REJECTED = {
  default: {
    description:
      'The reason in one line: 400 (not a valid request), 401 (no or a wrong token), 404 (no such path), 405 (neither GET nor HEAD), 408 (too slow), 421 (host not in httpAllowedHosts), 431 (headers too large), 500 (see the log), 503 (busy)',
    content: { [PLAIN]: {} },
  },
}

const PROBE_PARAMETERS: readonly QueryParameter[] = [
  { name: 'verbose', summary: 'Lists the checks.', schema: { type: 'string' } },
  { name: 'exclude', summary: 'Leaves out a check; may be repeated.', schema: { type: 'string' } },
]

/** @see HttpRoute */
const OTHER_PATHS: readonly OtherPath[] = [
  {
    path: '/',
    summary: 'The page: what is here, for people. It asks for the token if one is needed.',
    mediaType: 'text/html; charset=utf-8',
    isOpen: true,
  },
  {
    path: '/metrics',
    summary: 'Metrics for Prometheus, in its text format, or in that of OpenMetrics by `Accept`.',
    mediaType: 'text/plain; version=0.0.4; charset=utf-8',
    isOpen: false,
  },
  {
    path: '/livez',
    summary: '200 while the process works; a restart helps if it does not.',
    parameters: PROBE_PARAMETERS,
    mediaType: PLAIN,
    isOpen: true,
  },
  {
    path: '/readyz',
    summary:
      '200 if clients may be sent to this server, otherwise 503 with the reasons. As JSON by `Accept`.',
    parameters: PROBE_PARAMETERS,
    mediaType: PLAIN,
    isOpen: true,
    errors: { 503: { description: 'Not ready; the reasons', content: { [PLAIN]: {}, [JSON_TYPE]: {} } } },
  },
  {
    path: '/version',
    summary: 'Versions of the program and of Node.js.',
    mediaType: JSON_TYPE,
    isOpen: true,
  },
  {
    path: '/rocketmq/nsaddr',
    summary:
      'Addresses of NameServers for clients and brokers that have none configured: one line, separated by semicolons (nsAddrService, nsAddrList). Any query is accepted.',
    mediaType: PLAIN,
    isOpen: true,
  },
  {
    path: '/rocketmq/nsaddr-{unit}',
    summary: 'The same for clients with a unit name.',
    mediaType: PLAIN,
    isOpen: true,
  },
  {
    ...WATCH,
    mediaType: 'text/event-stream; charset=utf-8',
    isOpen: false,
    errors: { ...BAD_REQUEST, 429: errorResponse('Too many watchers, in all or of one address') },
  },
]

/** Of paths that need the token, if one is set (`httpTokenFile`). */
const SECURITY = [{}, { token: [] }]

/** The OpenAPI 3.1 document of the HTTP port. @param version - Of the program. */
export function openApiDocument(views: readonly View[], version: string): Record<string, unknown> {
  const paths = [
    ...views.map((view) => [view.path, { get: viewOperation(view) }] as const),
    ...OTHER_PATHS.map((other) => [other.path, { get: otherOperation(other) }] as const),
  ]
  return {
    openapi: '3.1.0',
    info: {
      title: 'mqnamesrv',
      version,
      description:
        'What a NameServer shows of itself. Everything is read-only: only GET and HEAD are served. Request 1450 at the remoting port gets the same JSON for the paths under `/api/v1/`.',
    },
    paths: Object.fromEntries(paths),
    components: {
      schemas: { Error: ERROR },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  }
}

function viewOperation({ path, summary, parameters = [], response, version }: View) {
  return {
    summary,
    security: SECURITY,
    parameters: [...pathParameters(path), ...parameters.map(queryParameter)],
    responses: {
      200: { description: 'The view', content: { [JSON_TYPE]: { schema: response } } },
      ...(version !== undefined && {
        304: { description: 'Not changed: If-None-Match has the present ETag' },
      }),
      ...BAD_REQUEST,
      404: errorResponse('There is no such thing'),
      ...BUSY,
      ...REJECTED,
    },
  }
}

function otherOperation({ path, summary, parameters = [], mediaType, isOpen, errors }: OtherPath) {
  return {
    summary,
    security: isOpen ? [] : SECURITY,
    parameters: [...pathParameters(path), ...parameters.map(queryParameter)],
    responses: { 200: { description: 'Served', content: { [mediaType]: {} } }, ...errors, ...REJECTED },
  }
}

function pathParameters(path: string) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameter({ name, summary, schema }: QueryParameter) {
  return { name, in: 'query', description: summary, schema }
}

/** `/api/v1/openapi.json`: the document. @param others - All other views. */
export function openApiView(others: readonly View[], version: string): View {
  const view: View = {
    path: '/api/v1/openapi.json',
    summary: 'This document: every path with its parameters and the schema of its response, as OpenAPI 3.1.',
    response: objectOf({
      openapi: { type: 'string' },
      info: { type: 'object' },
      paths: { type: 'object' },
      components: { type: 'object' },
    }),
    version: () => version,
    read: () => openApiDocument([...others, view], version),
  }
  return view
}
