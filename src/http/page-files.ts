import type { OutgoingHttpHeaders } from 'node:http'
import { nodeCrypto } from '../common/node-modules.ts'
import { accepts } from './content-coding.ts'
import { type HttpRequest, type HttpResponse, textResponse } from './http-server.ts'
import type { HttpRoute } from './routes.ts'

/** Files of the built page by name: `index.html`, its assets, and each of them compressed, with `.br` and `.gz` added to its name. */
export type PageFiles = ReadonlyMap<string, Buffer>

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Codings by preference, with the ending of their files. */
const CODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

/** The page loads its own files, asks this server, and makes HTML only through the policy of lit-html. */
const PAGE_HEADERS: OutgoingHttpHeaders = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types lit-html',
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy':
    'accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), usb=()',
}

/** The names of assets have a hash of their content. */
const ASSET_HEADERS: OutgoingHttpHeaders = {
  'Cache-Control': 'public, max-age=31536000, immutable',
}

const NOT_BUILT = textResponse(
  503,
  'the page is not there: npm run build builds it; a bundle of this library has none',
)
const NO_SUCH_FILE = textResponse(404, 'no such file of the page; reload the page at /')

/** `/` and `/assets/…`: the page. It holds no data, so it is served without the token, for which it asks. */
export function pageRoutes(files: PageFiles): HttpRoute[] {
  const etags = new Map<string, string>()
  const etagOf = (name: string, content: Buffer): string => {
    const etag = etags.get(name) ?? hashOf(content)
    etags.set(name, etag)
    return etag
  }
  const respond = (name: string, headers: OutgoingHttpHeaders, { header }: HttpRequest): HttpResponse => {
    const accepted = header('accept-encoding')
    const [coding, ending] = CODINGS.find(
      ([each, end]) => accepts(accepted, each) && files.has(`${name}${end}`),
    ) ?? [undefined, '']
    const file = `${name}${ending}`
    const body = files.get(file)
    const contentType = TYPES[name.slice(name.lastIndexOf('.') + 1)]
    if (body === undefined || contentType === undefined) return NO_SUCH_FILE
    return {
      status: 200,
      contentType,
      body,
      etag: etagOf(file, body),
      headers: { ...headers, ...(coding !== undefined && { 'Content-Encoding': coding }) },
    }
  }
  const page = (request: HttpRequest) =>
    files.size === 0 ? NOT_BUILT : respond('index.html', PAGE_HEADERS, request)
  // The page itself is served at `/` only, where its policy is.
  const asset = (request: HttpRequest) => {
    const name = request.path.slice('/assets/'.length)
    return name === 'index.html' ? NO_SUCH_FILE : respond(name, ASSET_HEADERS, request)
  }
  return [
    { path: '/', needsToken: false, handle: page },
    { path: '/assets/*', label: () => '/assets', needsToken: false, handle: asset },
  ]
}

function hashOf(content: Buffer): string {
  return nodeCrypto().createHash('sha256').update(content).digest('base64url').slice(0, 22)
}
