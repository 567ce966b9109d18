import { describe, expect, test } from 'vitest'
import { type Interfaces, startSummary } from '../../../src/cli/daemon/start-summary.ts'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'

const all = { address: '0.0.0.0', port: 9876, httpPort: 8876 }

const lo = { address: '127.0.0.1', family: 'IPv4', internal: true }
const eth = [
  { address: 'fe80::1', family: 'IPv6', internal: false },
  { address: 'fd00::7', family: 'IPv6', internal: false },
  { address: '10.0.0.7', family: 'IPv4', internal: false },
]

function machine(...addresses: { address: string; family: string; internal: boolean }[]): Interfaces {
  return { lo: [lo], eth0: addresses } as unknown as Interfaces
}

function summary(keys: Record<string, string>, bound = {}, interfaces = machine(...eth)) {
  const { configuration } = Configuration.resolve({
    args: Object.entries(keys).map(([key, value]) => ({ key, value })),
    homeDirectory: '/home/user',
    processors: 2,
  })
  return startSummary(configuration, { ...all, ...bound }, interfaces)
}

describe('startSummary', () => {
  test('without a file names the command that writes one', () => {
    expect(summary({})[0]).toBe('  file     none; all keys have their defaults; mqnamesrv init writes one')
  })

  test('names the first keys that are set, and how many more there are', () => {
    const keys = { maxTopics: '1', maxBrokers: '1', maxConnections: '1', listenPort: '1', logPath: '/x' }
    expect(summary(keys)[1]).toMatch(/^ {2}file {5}none; set: (?:\w+, ){3}\w+ and 1 more; mqnamesrv init/)
  })

  test('names the address that brokers of other machines reach', () => {
    const brokers = (bound: object, interfaces?: Interfaces) => summary({}, bound, interfaces)[2]
    expect(brokers({})).toBe('  brokers  set namesrvAddr=10.0.0.7:9876 in broker.conf')
    expect(brokers({ address: '::' }, machine(...eth.slice(0, 2)))).toBe(
      '  brokers  set namesrvAddr=[fd00::7]:9876 in broker.conf',
    )
    // An IPv6 address does not reach a server that listens on IPv4 only.
    expect(brokers({}, machine(...eth.slice(0, 2)))).toContain('=127.0.0.1:9876 ')
    expect(brokers({ address: '10.1.2.3', port: 7 })).toBe(
      '  brokers  set namesrvAddr=10.1.2.3:7 in broker.conf',
    )
    expect(brokers({ address: '::1' })).toBe(
      '  brokers  set namesrvAddr=[::1]:9876 in broker.conf (brokers on this machine only)',
    )
  })

  test('says where the page is, or why it cannot be opened', () => {
    expect(summary({})[1]).toBe('  page     http://127.0.0.1:8876/')
    expect(summary({ httpBindAddress: '0.0.0.0', httpTls: 'true' }, { httpPort: 443 })[1]).toBe(
      '  page     https://10.0.0.7:443/',
    )
    expect(summary({ httpListenPort: '0' }, { httpPort: undefined })[1]).toBe(
      '  page     none: httpListenPort is 0',
    )
    expect(summary({}, { httpPort: undefined })[1]).toBe(
      '  page     none: port 8876 cannot be used, see the warning above',
    )
  })

  test('also has where the server listens if the log is in a file', () => {
    const lines = summary({ logPath: '/var/log/ns.log' })
    expect(lines).toHaveLength(5)
    expect(lines[0]).toBe('mqnamesrv listens on 0.0.0.0:9876')
    expect(lines[4]).toBe('  log      /var/log/ns.log')
  })
})
