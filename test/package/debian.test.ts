import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ExitCode } from '../../src/cli/daemon/daemon.ts'
import { SHUTDOWN_DEADLINE_MS } from '../../src/cli/daemon/serve.ts'
import { Configuration } from '../../src/namesrv/config/configuration.ts'

const file = (name: string): string =>
  readFileSync(new URL(`../../deploy/debian/${name}`, import.meta.url), 'utf8')

const MACHINE = { homeDirectory: '/var/lib/mqnamesrv', processors: 2 }

describe('the service of the Debian package', () => {
  const unit = file('mqnamesrv.service')
  const { configuration: byDefault } = Configuration.resolve(MACHINE)
  const numberOf = (name: string): number => Number(new RegExp(`^${name}=(\\d+)`, 'm').exec(unit)?.[1])

  test('has files for as many connections as the configuration allows', () => {
    const { maxConnections, clientMaxConnections, httpMaxConnections } = byDefault.values
    const needed = maxConnections + clientMaxConnections + httpMaxConnections
    // Besides: the files of the server and of Node itself.
    expect(numberOf('LimitNOFILE')).toBeGreaterThan(needed + 100)
  })

  test('has the time to shut down, also gracefully', () => {
    const { shutdownWaitTimeSeconds } = byDefault.values
    const neededSeconds = SHUTDOWN_DEADLINE_MS / 1_000 + shutdownWaitTimeSeconds
    expect(numberOf('TimeoutStopSec')).toBeGreaterThan(neededSeconds)
  })

  test('is not started again with an invalid command line', () => {
    expect(numberOf('RestartPreventExitStatus')).toBe(ExitCode.USAGE)
  })
})

test('the environment file of the Debian package has variables of the configuration, with their defaults', () => {
  const variables = Object.fromEntries(
    [...file('mqnamesrv.default').matchAll(/^#(MQNAMESRV_\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
  const { configuration, notices } = Configuration.resolve({ ...MACHINE, env: variables })
  expect(notices.filter(({ level }) => level === 'warn')).toEqual([])
  const { values: byDefault } = Configuration.resolve(MACHINE).configuration
  // Without a file the log goes to the journal; the paths are where logrotate looks.
  const logs = { logPath: '/var/log/mqnamesrv/namesrv.log', auditLogPath: '/var/log/mqnamesrv/audit.log' }
  expect(configuration.values).toEqual({ ...byDefault, ...logs })
  expect(Object.keys(variables)).toHaveLength(6)
})
