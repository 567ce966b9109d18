import { execFileSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readFileOrStream, readRegularFile } from '../../../src/namesrv/config/read-file.ts'
import { readBackup } from '../../../src/namesrv/files/atomic-file.ts'
import { fileState } from '../../../src/namesrv/files/file-state.ts'
import { temporaryFolder } from '../../support/start-server.ts'

/** A path with something in its place that is no regular file. */
const MAKERS: readonly (readonly [string, (path: string) => unknown, RegExp])[] = [
  [
    'a named pipe',
    (path) => execFileSync('mkfifo', [path]),
    /^it is a named pipe; a regular file is needed$/,
  ],
  ['a device', (path) => symlinkSync('/dev/zero', path), /^it is a device; a regular file is needed$/],
  ['a folder', (path) => symlinkSync('/tmp', path), /^EISDIR/],
  ['a socket', listenOn, /^ENXIO/],
]

async function listenOn(path: string): Promise<void> {
  const server = createServer()
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => void server.listen(path, resolve))
}

describe('a file', () => {
  test('is read, with its size and mode, through links as Kubernetes mounts have them', () => {
    const folder = temporaryFolder()
    const [file, link] = [join(folder, 'file'), join(folder, 'link')]
    writeFileSync(file, 'text', { mode: 0o640 })
    symlinkSync(file, link)
    const { bytes, stats } = readRegularFile(link)
    expect([`${bytes}`, stats.size, stats.mode & 0o777]).toEqual(['text', 4, 0o640])
    expect(`${readFileOrStream(link)}`).toBe('text')
  })

  test('that the check rejects is not read', () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, 'text')
    const check = ({ size }: { size: number }) => {
      throw new Error(`${size} bytes`)
    }
    for (const read of [readRegularFile, readFileOrStream]) expect(() => read(file, check)).toThrow('4 bytes')
  })

  test.each(MAKERS)('is rejected at once where there is %s', async (_, make, message) => {
    const path = join(temporaryFolder(), 'thing')
    await make(path)
    for (const read of [readRegularFile, readFileOrStream])
      expect(() => read(path)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }))
    expect(fileState(path)).toBeUndefined()
    symlinkSync(path, join(`${path}.d.bak`))
    expect(readBackup(`${path}.d`)).toBeUndefined()
  })

  test('/dev/null is empty where a stream may be, and a device elsewhere', () => {
    expect(`${readFileOrStream('/dev/null')}`).toBe('')
    expect(() => readRegularFile('/dev/null')).toThrow('it is a device; a regular file is needed')
  })
})
