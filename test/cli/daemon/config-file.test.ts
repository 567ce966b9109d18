import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfigFile } from '../../../src/cli/daemon/config-file.ts'

describe('readConfigFile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('returns the bytes unchanged, and the path as it was written', () => {
    const path = join(folder, '.', 'ns.conf')
    writeFileSync(path, Buffer.from([0x61, 0x3d, 0xff]))
    const file = readConfigFile(path)
    expect(file.path).toBe(path)
    expect([...file.bytes]).toEqual([0x61, 0x3d, 0xff])
  })

  test('returns the backup beside the file', () => {
    const path = join(folder, 'updated.conf')
    writeFileSync(path, '')
    expect(readConfigFile(path).backup).toBeUndefined()
    writeFileSync(`${path}.bak`, 'listenPort=1')
    expect(readConfigFile(path).backup).toEqual({ path: `${path}.bak`, bytes: Buffer.from('listenPort=1') })
  })

  test('names the backup of a missing file, if it is usable', () => {
    const path = join(folder, 'lost.conf')
    writeFileSync(`${path}.bak`, 'listenPort=1')
    expect(() => readConfigFile(path)).toThrow(
      `cannot read configuration file ${path}: no such file or directory (ENOENT); its backup ${path}.bak can be used instead`,
    )
    writeFileSync(`${path}.bak`, 'listenPort=\\u12')
    expect(() => readConfigFile(path)).toThrow(/\(ENOENT\)$/)
  })

  test.each([
    ['none.conf', 'no such file or directory (ENOENT)'],
    ['.', 'is a directory (EISDIR)'],
  ])('rejects %s with a reason', (name, reason) => {
    const path = join(folder, name)
    expect(() => readConfigFile(path)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_FILE',
        message: `cannot read configuration file ${path}: ${reason}`,
      }),
    )
  })
})
