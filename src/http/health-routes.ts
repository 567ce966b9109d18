import type { Health, HealthCheck, ServerIdentity } from '../inspect/sources.ts'
import type { HttpRequest, HttpResponse } from './http-server.ts'
import { type HttpRoute, JSON_TYPE } from './routes.ts'

/** A process that responds is alive: what a restart does not cure must not end it. */
const ALIVE: readonly HealthCheck[] = [{ name: 'ping', problem: undefined }]

/**
 * `/livez` and `/readyz` as Kubernetes has them (`?verbose`, `?exclude=name`), as JSON if the client accepts only that, and
 * `/version`. All are open, since probes have no token.
 */
export function healthRoutes(health: Health, identity: ServerIdentity): HttpRoute[] {
  return [
    { path: '/livez', isOpen: true, handle: (request) => healthResponse('livez', request, ALIVE, false) },
    {
      path: '/readyz',
      isOpen: true,
      handle: (request) => healthResponse('readyz', request, health.checks(), health.provisional),
    },
    { path: '/version', isOpen: true, handle: () => versionResponse(identity) },
  ]
}

function healthResponse(
  endpoint: string,
  { query, header }: HttpRequest,
  all: readonly HealthCheck[],
  provisional: boolean,
): HttpResponse {
  const excluded = query.getAll('exclude')
  const checks = all.map((check) => ({ ...check, isExcluded: excluded.includes(check.name) }))
  const failed = checks.filter(({ problem, isExcluded }) => problem !== undefined && !isExcluded)
  const status = failed.length === 0 ? 200 : 503
  if (header('accept')?.startsWith('application/json') === true) {
    const value = {
      status: failed.length === 0 ? 'ok' : 'failed',
      provisional,
      checks: checks.map(({ name, problem = null, isExcluded }) => ({ name, problem, excluded: isExcluded })),
    }
    return { status, contentType: JSON_TYPE, body: `${JSON.stringify(value)}\n` }
  }
  const contentType = 'text/plain; charset=utf-8'
  if (failed.length === 0 && !query.has('verbose')) return { status, contentType, body: 'ok' }
  const lines = checks.map(({ name, problem, isExcluded }) => {
    if (isExcluded) return `[+]${name} excluded: ok`
    return problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`
  })
  const unknown = excluded.filter((name) => !all.some((check) => check.name === name))
  if (unknown.length > 0)
    lines.push(`warn: no checks to exclude named ${unknown.map((name) => JSON.stringify(name)).join(', ')}`)
  if (provisional) lines.push('provisional: routes of the snapshot are served until their brokers register')
  lines.push(`${endpoint} check ${failed.length === 0 ? 'passed' : 'failed'}`)
  return { status, contentType, body: `${lines.join('\n')}\n` }
}

/** As etcd has it: plain JSON for anyone. */
function versionResponse(identity: ServerIdentity): HttpResponse {
  const { version, commit, protocolVersion, nodeId } = identity
  const body = JSON.stringify({ version, commit, node: process.version, protocolVersion, nodeId })
  return { status: 200, contentType: JSON_TYPE, body: `${body}\n` }
}
