import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfigFile } from '../../src/cli/config-file.ts'

describe('readConfigFile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('gives the bytes as they are, and the path as it was written', () => {
    const path = join(folder, '.', 'ns.conf')
    writeFileSync(path, Buffer.from([0x61, 0x3d, 0xff]))
    const file = readConfigFile(path)
    expect(file.path).toBe(path)
    expect([...file.bytes]).toEqual([0x61, 0x3d, 0xff])
  })

  test('gives the backup that lies beside the file', () => {
    const path = join(folder, 'updated.conf')
    writeFileSync(path, '')
    expect(readConfigFile(path).backup).toBeUndefined()
    writeFileSync(`${path}.bak`, 'listenPort=1')
    expect(readConfigFile(path).backup).toEqual({ path: `${path}.bak`, bytes: Buffer.from('listenPort=1') })
  })

  test('names the backup of a file that is missing, if the backup can be used', () => {
    const path = join(folder, 'lost.conf')
    writeFileSync(`${path}.bak`, 'listenPort=1')
    expect(() => readConfigFile(path)).toThrow(
      `cannot read configuration file ${path}: there is no such file (ENOENT); its backup ${path}.bak can be used instead`,
    )
    writeFileSync(`${path}.bak`, 'listenPort=\\u12')
    expect(() => readConfigFile(path)).toThrow(/\(ENOENT\)$/)
  })

  test.each([
    ['none.conf', 'there is no such file (ENOENT)'],
    ['.', 'it is a directory (EISDIR)'],
  ])('%s is refused with a reason', (name, reason) => {
    const path = join(folder, name)
    expect(() => readConfigFile(path)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_FILE',
        message: `cannot read configuration file ${path}: ${reason}`,
      }),
    )
  })
})
