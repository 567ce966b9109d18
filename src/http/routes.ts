import type { InspectAnswer, Inspector } from '../inspect/inspector.ts'
import type { Metrics } from '../inspect/metrics/metrics.ts'
import { type HttpHandler, type HttpRequest, type HttpResponse, textResponse } from './http-server.ts'

/** What one path, or all paths with one beginning, are answered with. */
export interface HttpRoute {
  /** The path itself; one that ends in `*` stands for all that begin so. */
  readonly path: string
  /** Served without the token and under any host name. Default: false. */
  readonly isOpen?: boolean
  readonly handle: HttpHandler
}

/** The first route of a path. */
export function routeOf(routes: readonly HttpRoute[], path: string): HttpRoute | undefined {
  return routes.find((route) =>
    route.path.endsWith('*') ? path.startsWith(route.path.slice(0, -1)) : route.path === path,
  )
}

/** Answers a request by its route; 404 without one. */
export function handleBy(routes: readonly HttpRoute[]): HttpHandler {
  return (request) => routeOf(routes, request.path)?.handle(request) ?? textResponse(404, 'no such path')
}

/** `/metrics`, for Prometheus. */
export function metricsRoute(metrics: Metrics): HttpRoute {
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
    const answer = await inspector.ask({ target, owner: request, knownVersions: knownVersions(request) })
    return responseOf(answer)
  }
  return { path: '/api/v1/*', handle }
}

function responseOf({ status, body, version }: InspectAnswer): HttpResponse {
  return { status, contentType: JSON_TYPE, body, etag: version }
}

function knownVersions({ header }: HttpRequest): string[] {
  return [...(header('if-none-match') ?? '').matchAll(/"([^"]*)"/g)].map(([, tag]) => tag as string)
}
