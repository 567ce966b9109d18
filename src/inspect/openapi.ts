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
}

const PLAIN = 'text/plain; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

const PROBE_PARAMETERS: readonly QueryParameter[] = [
  { name: 'verbose', summary: 'Lists the checks.', schema: { type: 'string' } },
  { name: 'exclude', summary: 'Leaves out a check; may be repeated.', schema: { type: 'string' } },
]

/** @see HttpRoute */
const OTHER_PATHS: readonly OtherPath[] = [
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
  { ...WATCH, mediaType: 'text/event-stream; charset=utf-8', isOpen: false },
]

const ERROR: Schema = objectOf({
  error: objectOf({
    code: { enum: ['ERR_BAD_REQUEST', 'ERR_NOT_FOUND', 'ERR_UNAVAILABLE'] },
    message: { type: 'string' },
  }),
})

const ERROR_RESPONSE = {
  description: '400 for a bad parameter, 404 if there is no such thing, 503 if the server is busy',
  content: { [JSON_TYPE]: { schema: { $ref: '#/components/schemas/Error' } } },
}

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
      default: ERROR_RESPONSE,
    },
  }
}

function otherOperation({ path, summary, parameters = [], mediaType, isOpen }: OtherPath) {
  return {
    summary,
    security: isOpen ? [] : SECURITY,
    parameters: [...pathParameters(path), ...parameters.map(queryParameter)],
    responses: { 200: { description: 'Served', content: { [mediaType]: {} } } },
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
