import type { Sender } from '../access/policy.ts'
import { hostOf } from '../common/host-of.ts'
import { LimitError } from '../common/limit-error.ts'
import type { Inspector, InspectResponse } from '../inspect/inspector.ts'
import type { Metrics } from '../inspect/metrics/metrics.ts'
import { type HttpHandler, type HttpRequest, type HttpResponse, textResponse } from './http-server.ts'

/** What serves one path, or all paths with one beginning. */
export interface HttpRoute {
  /** The path itself; one that ends in `*` stands for all that begin so. */
  readonly path: string
  /** Served without the token and under any host name. Default: false. */
  readonly isOpen?: boolean
  /** Whether the token is needed, if there is one. Default: unless it is open. */
  readonly needsToken?: boolean
  /** How requests are counted. Default: by `path`. */
  readonly label?: (path: string) => string
  readonly handle: HttpHandler
}

/** The first route of a path. */
export function routeOf(routes: readonly HttpRoute[], path: string): HttpRoute | undefined {
  return routes.find((route) =>
    route.path.endsWith('*') ? path.startsWith(route.path.slice(0, -1)) : route.path === path,
  )
}

/** The name under which requests for a path are counted: one of few, whatever is asked. */
export function labelOf(routes: readonly HttpRoute[], path: string): string {
  const route = routeOf(routes, path)
  return route?.label?.(path) ?? route?.path ?? 'other'
}

const NO_SUCH_PATH =
  'no such path; try / in a browser, /api/v1/status, /api/v1/findings, /metrics or /readyz; /api/v1/openapi.json lists all'

/** Serves a request by its route; 404 without one. */
export function handleBy(routes: readonly HttpRoute[]): HttpHandler {
  return (request) => routeOf(routes, request.path)?.handle(request) ?? textResponse(404, NO_SUCH_PATH)
}

/** `/metrics`, for Prometheus. */
export function metricsRoute(metrics: Pick<Metrics, 'scrape'>): HttpRoute {
  const handle = async ({ header }: HttpRequest): Promise<HttpResponse> => ({
    status: 200,
    ...(await metrics.scrape(header('accept'))),
  })
  return { path: '/metrics', handle }
}

export const JSON_TYPE = 'application/json; charset=utf-8'

/** `/api/v1/…`: the views. */
export function apiRoute(inspector: Inspector): HttpRoute {
  const handle = async (request: HttpRequest): Promise<HttpResponse> => {
    const { path, query } = request
    const target = query.size === 0 ? path : `${path}?${query}`
    try {
      return responseOf(
        await inspector.ask({
          target,
          owner: request,
          sender: senderOf(request),
          knownVersions: knownVersions(request),
        }),
      )
    } catch (error) {
      if (!(error instanceof LimitError)) throw error
      const body = JSON.stringify({ error: { code: 'ERR_UNAVAILABLE', message: error.message } })
      return { status: 503, contentType: JSON_TYPE, body: `${body}\n`, headers: { 'Retry-After': '1' } }
    }
  }
  return { path: '/api/v1/*', label: (path) => inspector.viewOf(path)?.path ?? 'other', handle }
}

/** HTTP requests are neither signed nor, for the access policy, encrypted. */
function senderOf({ peer }: HttpRequest): Sender {
  return { identity: undefined, host: hostOf(peer), isTls: false }
}

/** A response like that of a view that cannot be given. */
export function jsonError(status: number, code: string, message: string): HttpResponse {
  return { status, contentType: JSON_TYPE, body: `${JSON.stringify({ error: { code, message } })}\n` }
}

function responseOf({ status, body, version }: InspectResponse): HttpResponse {
  return {
    status,
    contentType: JSON_TYPE,
    body,
    etag: version,
    ...(status === 503 && { headers: { 'Retry-After': '1' } }),
  }
}

function knownVersions({ header }: HttpRequest): string[] {
  return [...(header('if-none-match') ?? '').matchAll(/"([^"]*)"/g)].map(([, tag]) => tag as string)
}
