import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { get } from '../../support/http.ts'
import { startServer, temporaryFolder } from '../../support/start-server.ts'
import { until } from '../../support/until.ts'
import { runCli } from '../run-cli.ts'

describe('mqnamesrv observe', () => {
  test('serves until it is interrupted', async () => {
    const server = await startServer()
    const logPath = join(temporaryFolder(), 'observe.log')
    const auditLogPath = join(temporaryFolder(), 'audit.log')
    const interrupts = new AbortController()
    const running = runCli(['observe', '-n', `127.0.0.1:${server.port}`, '--listen', '127.0.0.1:0'], {
      env: { MQNAMESRV_LOG_PATH: logPath, MQNAMESRV_AUDIT_LOG_PATH: auditLogPath },
      interrupts: interrupts.signal,
    })
    const page = () =>
      existsSync(logPath)
        ? /"page":"http:\/\/127\.0\.0\.1:(\d+)\/"/.exec(readFileSync(logPath, 'utf8'))
        : null
    await until('it serves', () => page() !== null)
    const port = Number(page()?.[1])
    expect(await get(port, '/api/v1/status')).toContain(`"namesrv":"127.0.0.1:${server.port}"`)
    // Of rejected HTTP requests.
    expect(existsSync(auditLogPath)).toBe(true)
    // It is no NameServer that clients could be sent to.
    expect(await get(port, '/rocketmq/nsaddr')).toMatch(/^HTTP\/1\.1 404 /)
    interrupts.abort()
    expect(await running).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test.each([
    [['--listen', 'nowhere'], 2, '--listen "nowhere" is not host:port'],
    [['--max-lookups', '0'], 2, '--max-lookups "0" is not a number from 1 to 1000'],
    [['--interval', '10ms'], 2, '--interval 10ms is less than 1s; poll more gently'],
    [['--routes-every', 'often'], 2, '--routes-every "often" is not a duration such as 500ms, 3s or 1m'],
  ])('rejects %j', async (options, code, message) => {
    const { stderr, ...result } = await runCli(['observe', '-n', '127.0.0.1:1', ...options])
    expect(result).toEqual({ code, stdout: '' })
    expect(stderr).toBe(`mqnamesrv: ${message} (try mqnamesrv help observe)\n`)
  })

  test('fails with the reason if its port is in use', async () => {
    const { httpPort } = await startServer({ httpListenPort: 'any' })
    const env = { MQNAMESRV_LOG_PATH: join(temporaryFolder(), 'observe.log') }
    const { code, stderr } = await runCli(
      ['observe', '-n', '127.0.0.1:1', '--listen', `127.0.0.1:${httpPort}`],
      { env },
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/^mqnamesrv: cannot serve HTTP \(--listen\): .*in use/)
  })
})
