import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { removeLeftovers } from '../../../src/namesrv/files/atomic-file.ts'
import { createServer, startServer, temporaryFolder } from '../../support/start-server.ts'

function fill(folder: string, names: readonly string[]): void {
  for (const name of names) writeFileSync(join(folder, name), '')
}

describe('temporary files that a killed process left', () => {
  const OWN = [
    'kv.json.0123abcd.tmp',
    'kv.json.bak.4567cdef.tmp',
    'ns.conf.89abcdef.tmp',
    'ns.conf.bak.00000000.tmp',
    'routes.11111111.tmp',
  ]
  /** Of no running server, and of a server whose files are in the same folder. */
  const OTHERS = [
    'kv.json.0123abcd.tmp.old',
    'kv.json.0123ABCD.tmp',
    'kv.json.tmp',
    'kv2.json.0123abcd.tmp',
    'other-kv.json.0123abcd.tmp',
    'routes-9877.0123abcd.tmp',
    'routes.damaged',
  ]

  function properties(folder: string): Record<string, string> {
    return {
      kvConfigPath: join(folder, 'kv.json'),
      configStorePath: join(folder, 'ns.conf'),
      routeSnapshotPath: join(folder, 'routes'),
    }
  }

  test('are removed at the start, beside all three files, and no other files are', async () => {
    const folder = temporaryFolder()
    fill(folder, [...OWN, ...OTHERS])
    const { lines } = await startServer(properties(folder))
    expect(readdirSync(folder).sort()).toEqual([...OTHERS].sort())
    const line = lines.find(({ msg }) => msg === 'temporary files of an interrupted write removed')
    expect(line).toMatchObject({ level: 'info', files: OWN.map((name) => join(folder, name)) })
  })

  test('stay if the port is in use, because the server that uses it may be writing them', async () => {
    const first = await startServer()
    const folder = temporaryFolder()
    fill(folder, OWN)
    const { controller } = createServer({ ...properties(folder), listenPort: `${first.port}` })
    await expect(controller.start()).rejects.toThrow('EADDRINUSE')
    expect(readdirSync(folder).sort()).toEqual([...OWN].sort())
    await controller.shutdown()
  })

  test('are removed beside the target of a link, and beside the backup of the link', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'elsewhere'))
    fill(join(folder, 'elsewhere'), ['file', 'file.0123abcd.tmp'])
    symlinkSync('elsewhere/file', join(folder, 'link'))
    fill(folder, ['link.bak.0123abcd.tmp'])
    expect(removeLeftovers([join(folder, 'link')])).toHaveLength(2)
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual(['file'])
    expect(readdirSync(folder).sort()).toEqual(['elsewhere', 'link'])
  })

  test('are removed beside the target of a link that does not exist yet', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'elsewhere'))
    fill(join(folder, 'elsewhere'), ['file.0123abcd.tmp'])
    symlinkSync('elsewhere/file', join(folder, 'link'))
    const target = join(folder, 'elsewhere', 'file')
    expect(removeLeftovers([join(folder, 'link')])).toEqual([`${target}.0123abcd.tmp`])
  })

  test('that cannot be removed do not prevent the start', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'file.0123abcd.tmp'))
    expect(removeLeftovers([join(folder, 'file'), '/nowhere/at/all'])).toEqual([])
  })
})
