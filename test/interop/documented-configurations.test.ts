import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { blockOf, keysOf } from '../../scripts/support/markdown-pages.ts'
import { canConnect, freePort } from '../../scripts/support/ports.ts'
import { certificateAuthority, writeIdentity } from '../support/certificates.ts'
import { startServer, temporaryFolder } from '../support/start-server.ts'
import { ChildProgram } from './harness/child-program.ts'
import { brokersOf } from './harness/name-server-client.ts'
import { promtool } from './harness/prometheus.ts'
import { newHome, projectRoot } from './harness/work-folder.ts'

/** The text with each part replaced that the page must have. */
function replaced(content: string, parts: Readonly<Record<string, string>>): string {
  let result = content
  for (const [from, to] of Object.entries(parts)) {
    expect(result).toContain(from)
    result = result.replaceAll(from, to)
  }
  return result
}

describe('docs/operations.md', () => {
  test('has an haproxy that sends clients to the servers that are ready, with keys for these', async () => {
    const properties = keysOf(blockOf('docs/operations.md', 'properties', 'proxyProtocolTrustedNetworks'), {
      proxyProtocolTrustedNetworks: '127.0.0.1',
      httpBindAddress: '127.0.0.1',
    })
    const start = () => startServer({ ...properties, httpListenPort: 'any' })
    const [one, other] = [await start(), await start()]
    const port = await freePort()
    const configuration = replaced(blockOf('docs/operations.md', 'haproxy'), {
      'bind :9876': `bind 127.0.0.1:${port}`,
      '10.0.0.1:9876 port 8876': `127.0.0.1:${one.port} port ${one.httpPort}`,
      '10.0.0.2:9876 port 8876': `127.0.0.1:${other.port} port ${other.httpPort}`,
      'inter 2s': 'inter 500ms',
    })
    const haproxy = new ChildProgram({
      name: 'documented-haproxy',
      command: 'haproxy',
      args: (home) => {
        writeFileSync(join(home, 'haproxy.cfg'), configuration)
        return ['-db', '-f', join(home, 'haproxy.cfg')]
      },
    })
    await haproxy.until('it listens', () => canConnect(port))
    const address = `127.0.0.1:${port}`
    expect(await brokersOf(address)).toEqual({})
    // Others are about servers, which a busy machine may check late.
    expect(haproxy.lines.filter((line) => /(?:WARNING|ALERT).*(?:config|parsing)/.test(line))).toEqual([])

    void one.controller.shutdown()
    await haproxy.until('it has noticed', () => haproxy.lines.some((line) => /ns1 is DOWN/.test(line)))
    for (let request = 0; request < 4; request++) expect(await brokersOf(address)).toEqual({})
  })

  test('has an nginx that gives the page of each server over TLS, with a token', async () => {
    // nginx splits paths at spaces, which that of the repository may have.
    const home = temporaryFolder()
    const authority = certificateAuthority('Site CA')
    const { certPath, keyPath } = writeIdentity(home, 'mq', authority.issue('mq.example.com'))
    writeFileSync(join(home, 'http.token'), 'c2l4dGVlbi1sZXR0ZXJzLW9yLW1vcmU\n', { mode: 0o600 })
    const properties = keysOf(blockOf('docs/operations.md', 'properties', 'httpTokenFile'), {
      httpTokenFile: join(home, 'http.token'),
      httpBindAddress: '127.0.0.1',
    })
    const start = (nodeId: string) => startServer({ ...properties, httpListenPort: 'any', nodeId })
    const [one, other] = [await start('one'), await start('other')]
    const port = await freePort()
    const site = replaced(blockOf('docs/operations.md', 'nginx'), {
      'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
      '/etc/nginx/mq.pem': certPath,
      '/etc/nginx/mq.key': keyPath,
      'http://10.0.0.1:8876/': `http://127.0.0.1:${one.httpPort}/`,
      'http://10.0.0.2:8876/': `http://127.0.0.1:${other.httpPort}/`,
    })
    // One process: a worker outlives a master that is killed.
    const logs = `master_process off; error_log stderr; pid ${home}/nginx.pid;`
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${home};`,
    )
    const nginx = new ChildProgram({
      name: 'documented-nginx',
      command: 'nginx',
      args: () => {
        const file = join(home, 'nginx.conf')
        writeFileSync(
          file,
          `daemon off; ${logs} events {} http { access_log off; ${folders.join(' ')}\n${site}}\n`,
        )
        return ['-p', home, '-c', file]
      },
    })
    await nginx.until('it listens', () => canConnect(port))
    const get = async (
      path: string,
      token: string,
    ): Promise<{ status: number | undefined; body: string }> => {
      const headers = { host: 'mq.example.com', authorization: `Bearer ${token}` }
      const request = httpsRequest({ port, path, headers, ca: authority.cert, servername: 'mq.example.com' })
      request.end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      return { status: response.statusCode, body: await text(response) }
    }
    for (const [path, nodeId] of [
      ['/ns1/', 'one'],
      ['/ns2/', 'other'],
    ] as const) {
      expect(await get(path, '')).toMatchObject({ status: 200, body: expect.stringContaining('<script') })
      expect((await get(`${path}api/v1/status`, 'wrong')).status).toBe(401)
      const status = await get(`${path}api/v1/status`, 'c2l4dGVlbi1sZXR0ZXJzLW9yLW1vcmU')
      expect(JSON.parse(status.body)).toMatchObject({ nodeId })
    }
  })
})

test('docs/configuration.md has a logrotate file that renames both logs and sends one signal for each', () => {
  // logrotate splits paths at spaces, too.
  const home = temporaryFolder()
  const logs = join(home, 'logs')
  const bin = join(home, 'bin')
  for (const folder of [logs, bin]) mkdirSync(folder, { mode: 0o755 })
  for (const name of ['namesrv.log', 'audit.log']) writeFileSync(join(logs, name), 'a line\n')
  const calls = join(home, 'calls')
  writeFileSync(join(bin, 'systemctl'), `#!/bin/sh\necho "$@" >>'${calls}'\n`)
  chmodSync(join(bin, 'systemctl'), 0o755)
  const file = join(home, 'mqnamesrv')
  const content = replaced(blockOf('docs/configuration.md', 'logrotate'), { '/var/log/mqnamesrv': logs })
  writeFileSync(file, content, { mode: 0o644 })
  const { status, stderr } = spawnSync('logrotate', ['--force', '--state', join(home, 'state'), file], {
    env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
    encoding: 'utf8',
  })
  // It ignores lines that it does not understand, and says so.
  expect([status, stderr]).toEqual([0, ''])
  for (const name of ['namesrv.log', 'audit.log']) {
    expect(existsSync(join(logs, name))).toBe(false)
    expect(readFileSync(join(logs, `${name}.1`), 'utf8')).toBe('a line\n')
  }
  const call = 'kill --signal=HUP --kill-who=main mqnamesrv.service\n'
  expect(readFileSync(calls, 'utf8')).toBe(call + call)
})

test.each([
  ['as it stands', (content: string) => content],
  ['with its token and TLS', (content: string) => content.replaceAll(/^( +)# (?!With)/gm, '$1')],
])('docs/monitoring.md has a configuration that Prometheus accepts %s', async (_, edit) => {
  const { home } = newHome('documented-prometheus')
  for (const name of ['token', 'ca.pem']) writeFileSync(join(home, name), '')
  const content = replaced(edit(blockOf('docs/monitoring.md', 'yaml')), {
    '/etc/prometheus/rules/rocketmq-nameserver.yml': join(projectRoot, 'conf/observability/alerts.yml'),
    '/etc/prometheus/nameserver-token': join(home, 'token'),
    '/etc/prometheus/nameserver-ca.pem': join(home, 'ca.pem'),
  })
  const file = join(home, 'prometheus.yml')
  writeFileSync(file, content)
  const { code, output } = await promtool(['check', 'config', file])
  expect(output).toContain('17 rules found')
  expect([code, output]).toEqual([0, expect.not.stringContaining('FAILED')])
})
