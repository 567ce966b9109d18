import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { nodeCrypto } from '../common/node-modules.ts'

/** Why a request is rejected. */
export interface HttpProblem {
  readonly status: number
  /** One sentence for the client and the log. */
  readonly reason: string
  /** The key of the configuration, or the rule of the policy, by which it is rejected; absent if it is malformed. */
  readonly rule?: string
  readonly headers?: OutgoingHttpHeaders
}

/** What a request must have to be served. */
export interface RequestGuardOptions {
  /** Token that clients send as `Authorization: Bearer …`; undefined requires none. Read at every request. */
  readonly token: () => string | undefined
  /** Why the access policy rejects a request without a token from `host:port`; undefined if it lets it pass. */
  readonly denialOf: (path: string, peer: string) => Pick<HttpProblem, 'rule' | 'reason'> | undefined
  /** Host names that clients may use, besides `localhost` and any IP address. */
  readonly allowedHosts: readonly string[]
  /** Whether a path is served without the token and under any host name: health checks and the address service. */
  readonly isOpen: (path: string) => boolean
  /** Whether a path that is not open needs the token. Default: all do. */
  readonly needsToken?: (path: string) => boolean
}

/** Headers that a request has at most once. Two of them are how a request hides behind another one. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'authorization',
])

/** Node drops headers that exceed a limit of its own; none may be dropped that says how a request is read. */
const MAX_HEADERS = 100

/** Decides whether a request is served, before anything of it is used. */
export class RequestGuard {
  readonly #allowedHosts: ReadonlySet<string>
  readonly #token: () => string | undefined
  readonly #denialOf: RequestGuardOptions['denialOf']
  readonly #needsToken: (path: string) => boolean
  /** Whether a path is served without the token and under any host name. */
  readonly isOpen: (path: string) => boolean

  constructor({ token, denialOf, allowedHosts, isOpen, needsToken = () => true }: RequestGuardOptions) {
    this.#allowedHosts = new Set(['localhost', ...allowedHosts.map((host) => host.toLowerCase())])
    this.#token = token
    this.#denialOf = denialOf
    this.isOpen = isOpen
    this.#needsToken = needsToken
  }

  problemWith(request: IncomingMessage): HttpProblem | undefined {
    return this.#formProblem(request) ?? this.#accessProblem(request)
  }

  #formProblem({ method, url = '', headers, rawHeaders }: IncomingMessage): HttpProblem | undefined {
    if (method !== 'GET' && method !== 'HEAD')
      return { status: 405, reason: 'only GET and HEAD are served', headers: { Allow: 'GET, HEAD' } }
    if (!url.startsWith('/')) return bad('the request target must be a path')
    if (rawHeaders.length > 2 * MAX_HEADERS)
      return { status: 431, reason: `more than ${MAX_HEADERS} headers` }
    const seen = new Set<string>()
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = `${rawHeaders[at]}`.toLowerCase()
      if (SINGLE_HEADERS.has(name) && seen.has(name)) return bad(`two headers ${name}`)
      seen.add(name)
    }
    if (
      headers['transfer-encoding'] !== undefined ||
      (headers['content-length'] ?? '0') !== '0' ||
      seen.has('expect')
    )
      return bad('a request must not have a body')
    return undefined
  }

  #accessProblem({ url = '', headers, httpVersion, socket }: IncomingMessage): HttpProblem | undefined {
    if (headers.host === undefined && httpVersion !== '1.0') return bad('the header Host is missing')
    const name = hostNameOf(headers.host ?? 'localhost')
    if (name === undefined) return bad('the header Host is not host:port')
    const path = url.split('?', 1)[0] as string
    if (this.isOpen(path)) return undefined
    // A page of a browser reaches a server by a name of its own that resolves to the server's address (DNS rebinding).
    if (isIP(name) === 0 && !this.#allowedHosts.has(name))
      return {
        status: 421,
        rule: 'httpAllowedHosts',
        reason: `host name ${JSON.stringify(name.slice(0, 100))} is not in httpAllowedHosts; add it there or use an IP address`,
      }
    if (!this.#needsToken(path)) return undefined
    const token = this.#token()
    if (token === undefined) {
      const denial = this.#denialOf(path, `${socket.remoteAddress}:${socket.remotePort}`)
      return denial && { status: 403, ...denial }
    }
    const [, given] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? []
    // Hashes have one length, and the time to compare them says nothing about the token.
    if (given !== undefined && nodeCrypto().timingSafeEqual(hashOf(given), hashOf(token))) return undefined
    return {
      status: 401,
      rule: 'httpTokenFile',
      reason: given === undefined ? 'a bearer token is required' : 'the bearer token is wrong',
      headers: { 'WWW-Authenticate': 'Bearer realm="mqnamesrv"' },
    }
  }
}

/** The response to bytes that Node could not read as a request; undefined if the connection failed. */
export function problemOf({ code, message }: NodeJS.ErrnoException): HttpProblem | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, reason: 'the headers are too large' }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, reason: 'the request took too long' }
  if (code?.startsWith('HPE_') === true) return bad(`not an HTTP/1.1 request: ${message}`)
  return undefined
}

function bad(reason: string): HttpProblem {
  return { status: 400, reason }
}

/** The host of `host:port`, in lower case, without brackets and final dot; undefined if it is malformed. */
export function hostNameOf(host: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d*)?$/.exec(host) ?? []
  return (bracketed ?? plain)?.toLowerCase().replace(/\.$/, '')
}

function hashOf(token: string): Buffer {
  return nodeCrypto().createHash('sha256').update(token).digest()
}
