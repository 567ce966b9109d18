import { mkdtempSync, rmSync } from 'node:fs'
import { get, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { buildPage } from '../../scripts/page/build.mjs'
import { HttpServer } from '../../src/http/http-server.ts'
import { type PageFiles, pageRoutes } from '../../src/http/page-files.ts'
import { RequestGuard } from '../../src/http/request-guard.ts'
import { handleBy, routeOf } from '../../src/http/routes.ts'
import { readBuiltPage } from '../../src/namesrv/files/built-page.ts'

const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-page-'))
let files: PageFiles

beforeAll(async () => {
  await buildPage(join(folder, 'page'))
  files = readBuiltPage(pathToFileURL(join(folder, 'page/')))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Serves a page as a server with a token does. */
async function served(page: PageFiles = files): Promise<number> {
  const routes = pageRoutes(page)
  const http = new HttpServer({
    bindAddress: '127.0.0.1',
    listenPort: 0,
    maxConnections: 100,
    guard: new RequestGuard({
      token: () => 'secret',
      denialOf: () => undefined,
      allowedHosts: [],
      isOpen: (path) => routeOf(routes, path)?.isOpen === true,
      needsToken: (path) => routeOf(routes, path)?.needsToken ?? true,
    }),
    handle: handleBy(routes),
    onRejected: () => {},
    onFailure: () => {},
    onResponse: () => {},
  })
  const { port } = await http.start()
  onTestFinished(() => {
    http.cut()
    void http.stop()
  })
  return port
}

interface Got {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

function request(port: number, path: string, headers: object = {}, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const options = { port, path, method, host: '127.0.0.1', headers: { ...headers }, agent: false }
    get(options, async (response) => {
      const parts: Buffer[] = []
      for await (const part of response) parts.push(part)
      resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) })
    }).on('error', reject)
  })
}

/** The path of the script, as index.html names it. */
function scriptPath(html: Buffer): string {
  return `/${/assets\/app\.[A-Z0-9]+\.js/.exec(html.toString())?.[0]}`
}

describe('The page at the HTTP port', () => {
  it('is served without the token, and the data behind it is not', async () => {
    const port = await served()
    const page = await request(port, '/')
    expect(page.status).toBe(200)
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect((await request(port, scriptPath(page.body))).status).toBe(200)
    expect((await request(port, '/api/v1/status')).status).toBe(401)
  })

  it('is served only under the host names that other paths are served under', async () => {
    const port = await served()
    for (const path of ['/', '/assets/app.js']) {
      expect((await request(port, path, { Host: 'evil.example' })).status).toBe(421)
    }
    expect((await request(port, '/', { Host: 'localhost' })).status).toBe(200)
  })

  it('forbids inline and foreign content, framing, and HTML outside of the policy of lit-html', async () => {
    const { headers } = await request(await served(), '/')
    const policy = `${headers['content-security-policy']}`
    expect(policy.split('; ').sort()).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self'",
      "require-trusted-types-for 'script'",
      "script-src 'self'",
      "style-src 'self'",
      'trusted-types lit-html',
    ])
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': expect.stringContaining('camera=()'),
    })
  })

  it('has nothing inline and no address of another server or of its own root', () => {
    const html = files.get('index.html')?.toString() ?? ''
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style| style=| on[a-z]+=/)
    for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g))
      expect(address).toMatch(/^assets\/[\w.]+$/)
  })

  it('is compressed by what the client prefers, and has one ETag for each coding', async () => {
    const port = await served()
    const plain = await request(port, '/')
    const path = scriptPath(plain.body)
    const whole = await request(port, path)
    const br = await request(port, path, { 'Accept-Encoding': 'gzip, deflate, br' })
    const gz = await request(port, path, { 'Accept-Encoding': 'br;q=0, gzip;q=0.5' })
    expect(whole.headers['content-encoding']).toBeUndefined()
    expect([br.headers['content-encoding'], gz.headers['content-encoding']]).toEqual(['br', 'gzip'])
    expect(brotliDecompressSync(br.body).equals(whole.body)).toBe(true)
    expect(gunzipSync(gz.body).equals(whole.body)).toBe(true)
    expect(new Set([whole, br, gz].map(({ headers }) => headers.etag)).size).toBe(3)
    for (const { headers } of [plain, whole, br, gz]) expect(headers.vary).toBe('Accept-Encoding')
  })

  it('is at most 60 KB for the first view, compressed', () => {
    const transferred = [...files].filter(([name]) => name.endsWith('.gz'))
    expect(transferred.reduce((sum, [, { length }]) => sum + length, 0)).toBeLessThanOrEqual(60_000)
  })

  it('lets caches keep assets for good, and ask for the page each time', async () => {
    const port = await served()
    const page = await request(port, '/')
    expect(page.headers['cache-control']).toBe('no-cache')
    const asset = await request(port, scriptPath(page.body))
    expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    for (const [path, { headers }] of [
      ['/', page],
      [scriptPath(page.body), asset],
    ] as const) {
      const again = await request(port, path, { 'If-None-Match': headers.etag })
      expect([again.status, again.body.length]).toEqual([304, 0])
    }
  })

  it('has the headers alone for HEAD', async () => {
    const { status, headers, body } = await request(await served(), '/', {}, 'HEAD')
    expect([status, body.length]).toEqual([200, 0])
    expect(Number(headers['content-length'])).toBe(files.get('index.html')?.length)
  })

  it('consists of its own files only', async () => {
    const port = await served()
    const bad = [
      'none.js',
      'index.html',
      'index.html.br',
      '..%2f..%2fpackage.json',
      '../../package.json',
      '__proto__',
      '',
    ]
    for (const name of bad)
      expect([name, (await request(port, `/assets/${name}`)).status]).toEqual([name, 404])
  })

  it('says how to build it where it is not built', async () => {
    const { status, body } = await request(
      await served(readBuiltPage(pathToFileURL(join(folder, 'none/')))),
      '/',
    )
    expect([status, `${body}`]).toEqual([
      503,
      'the page is not there: npm run build builds it; a bundle of this library has none\n',
    ])
  })
})
