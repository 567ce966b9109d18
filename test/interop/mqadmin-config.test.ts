import { describe, expect, test } from 'vitest'
import { startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, reference, startNameServer } from './harness/name-server.ts'
import { ask } from './harness/name-server-client.ts'
import { outerReleases as releases } from './harness/packages.ts'

const GET_NAMESRV_CONFIG = 319

/** As the file has them, and as the tool must show them. */
const ODD: Readonly<Record<string, readonly [written: string, value: string]>> = {
  productEnvName: ['D:\\\\rocketmq\\\\unit\\nlistenPort=1', 'D:\\rocketmq\\unit\nlistenPort=1'],
  'rocketmq.namesrv.domain.subgroup': ['\\  two # = : ! \\u4e2d\\u00e9', '  two # = : ! 中é'],
}
const properties = Object.fromEntries(Object.entries(ODD).map(([key, [written]]) => [key, written]))

describe.each(releases)('mqadmin %s', (release) => {
  test('getNamesrvConfig shows values with backslashes, line breaks and characters beyond ASCII as they are', async () => {
    const ours = await startNameServer({ kind: 'ours', properties })
    const tool = startAdminTool(release)
    const { stdout, stderr } = await tool.run(ours.address, ['getNamesrvConfig'])
    for (const [key, [, value]] of Object.entries(ODD)) {
      expect(stdout + stderr).toMatch(new RegExp(`^${key} += {2}`, 'm'))
      expect(stdout).toContain(`=  ${value}\n`)
    }
    expect(await portOf(ours)).toBe(String(ours.port))
  })

  test('updateNamesrvConfig fails with the reason when nothing is changed', async () => {
    const ours = await startNameServer({ kind: 'ours' })
    const tool = startAdminTool(release)
    const update = async (key: string, value: string): Promise<string> => {
      const { stdout, stderr } = await tool.run(ours.address, ['updateNamesrvConfig', '-k', key, '-v', value])
      return stdout + stderr
    }
    expect(await update('listenPort', '99999')).toMatch(/CODE: 16 {2}DESC: cannot update "listenPort": only /)
    expect(await update('tls.server.mode', 'disabled')).toMatch(/cannot update "tls\.server\.mode": only /)
    expect(await update('no.such.key', '1')).toMatch(/cannot update "no\.such\.key": only /)
    expect(await update('waitSecondsForService', '2147000')).toMatch(
      /CODE: 1 {2}DESC: .* must be from 0 to 600 s/,
    )
    expect(await update('waitSecondsForService', '60')).toMatch(/update name server config success/)
  })
})

test('a value with a backslash makes getNamesrvConfig of a Java NameServer fail with an exception', async () => {
  const java = await startNameServer({ ...reference, properties })
  const { stdout, stderr } = await startAdminTool('5.5.0').run(java.address, ['getNamesrvConfig'])
  expect(stdout + stderr).toContain('NullPointerException')
})

async function portOf({ address }: NameServer): Promise<string | undefined> {
  const { body } = await ask(address, GET_NAMESRV_CONFIG)
  return /^listenPort=(.*)$/m.exec(`${body}`)?.[1]
}
