import { describe, expect, it } from 'vitest'
import { get } from '../support/http.ts'
import { startServer } from '../support/start-server.ts'

const bodyOf = (response: string): string => response.slice(response.indexOf('\r\n\r\n') + 4)

describe('The address service', () => {
  it('returns the configured NameServers in one line, in their order, to every unit and for any query', async () => {
    const server = await startServer({ httpListenPort: 'any', nsAddrList: 'b:9876; a:9876,c:1' })
    for (const path of ['nsaddr', 'nsaddr?nofix=1&k=v&', 'nsaddr-unit1?nofix=1', 'nsaddr-%20']) {
      const response = await get(server.httpPort ?? 0, `/rocketmq/${path}`)
      expect(response).toMatch(/^HTTP\/1\.1 200 /)
      expect(response).toContain('\r\nContent-Type: text/plain; charset=utf-8\r\n')
      expect(bodyOf(response)).toBe('b:9876;a:9876;c:1\n')
    }
  })

  it('returns this server by the name or address at which the client reached it, if no list is configured', async () => {
    const { httpPort = 0, port } = await startServer({ httpListenPort: 'any' })
    for (const [host, address] of [
      ['Names.Example:8080', `names.example:${port}`],
      ['jmenv.tbsite.net', `jmenv.tbsite.net:${port}`],
      ['10.1.2.3:8876', `10.1.2.3:${port}`],
      ['[fd00::1]:8876', `[fd00::1]:${port}`],
      ['a;b', `127.0.0.1:${port}`],
      ['a b', `127.0.0.1:${port}`],
      ['', `127.0.0.1:${port}`],
    ])
      expect(bodyOf(await get(httpPort, '/rocketmq/nsaddr', `Host: ${host}`))).toBe(`${address}\n`)
  })

  it('knows no other groups', async () => {
    const { httpPort = 0 } = await startServer({ httpListenPort: 'any', nsAddrList: 'a:9876' })
    for (const path of ['nsaddr-', 'nsaddrs', 'nsaddr/x', 'nsaddr-a/b', 'other'])
      expect(await get(httpPort, `/rocketmq/${path}`)).toMatch(/^HTTP\/1\.1 404 /)
  })

  it('can be turned off', async () => {
    const { httpPort = 0 } = await startServer({ httpListenPort: 'any', nsAddrService: 'false' })
    expect(await get(httpPort, '/rocketmq/nsaddr')).toMatch(/^HTTP\/1\.1 404 /)
  })
})
