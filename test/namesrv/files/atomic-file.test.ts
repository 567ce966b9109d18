import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import * as nodeFileSystem from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type FileSystem, hasContent, replaceFile } from '../../../src/namesrv/files/atomic-file.ts'
import { compileProgram, killWhileRunning } from '../../support/killed-program.ts'
import { temporaryFolder } from '../../support/start-server.ts'

function replace(path: string, content: Buffer): Promise<void> {
  return replaceFile(path, content, { keepsBackup: hasContent })
}

/** The character that fills a file. */
function letterIn(path: string, bytes: number): string {
  const content = readFileSync(path, 'latin1')
  expect(content).toHaveLength(bytes)
  expect(new Set(content).size).toBe(1)
  return content.charAt(0)
}

describe('a file that is replaced atomically', () => {
  test('has either the old or the new content, and so has its backup, whenever the writer is killed', async () => {
    const bytes = 256 * 1024
    const folder = temporaryFolder()
    const program = compileProgram('test/namesrv/files/replace-file-forever.ts')
    const crash = async (index: number): Promise<void> => {
      const path = join(folder, `${index}.json`)
      await killWhileRunning(program, path, `${bytes}`)
      const letter = letterIn(path, bytes)
      const backup = `${path}.bak`
      if (existsSync(backup)) {
        const previous = letterIn(backup, bytes)
        // The content before it, or the same if the crash was between backup and replacement.
        expect([letter, letter === 'A' ? 'Z' : String.fromCharCode(letter.charCodeAt(0) - 1)]).toContain(
          previous,
        )
      }
      // Temporary files of the crash are harmless.
      await replace(path, Buffer.from('next'))
      expect(readFileSync(path, 'latin1')).toBe('next')
      expect(
        readdirSync(folder).filter((name) => name.startsWith(`${index}.`) && name.endsWith('.tmp')),
      ).toEqual([])
    }
    for (let index = 0; index < 50; index += 5) {
      await Promise.all([0, 1, 2, 3, 4].map((offset) => crash(index + offset)))
    }
  }, 180_000)

  test('keeps its old content as a backup', async () => {
    const path = join(temporaryFolder(), 'file')
    await replace(path, Buffer.from('one'))
    expect(existsSync(`${path}.bak`)).toBe(false)
    await replace(path, Buffer.from('two'))
    await replace(path, Buffer.from('three'))
    expect(readFileSync(path, 'latin1')).toBe('three')
    expect(readFileSync(`${path}.bak`, 'latin1')).toBe('two')
  })

  test.each(['', ' \n', '\0\0\0'])(
    'that was %j does not become the backup, which stays as it was',
    async (content) => {
      const path = join(temporaryFolder(), 'file')
      writeFileSync(path, content)
      await replace(path, Buffer.from('one'))
      expect(existsSync(`${path}.bak`)).toBe(false)
      await replace(path, Buffer.from('two'))
      writeFileSync(path, content)
      await replace(path, Buffer.from('three'))
      expect(readFileSync(`${path}.bak`, 'latin1')).toBe('one')
    },
  )

  test('may be empty, and may shrink', async () => {
    const path = join(temporaryFolder(), 'file')
    await replace(path, Buffer.alloc(100_000, 'x'))
    await replace(path, Buffer.from('short'))
    expect(readFileSync(path, 'latin1')).toBe('short')
    await replace(path, Buffer.alloc(0))
    expect(readFileSync(path)).toHaveLength(0)
  })

  test('keeps its owner and mode', async () => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, 'a password')
    chmodSync(path, 0o640)
    await replace(path, Buffer.from('another'))
    for (const each of [path, `${path}.bak`]) expect(statSync(each).mode & 0o777).toBe(0o640)
  })

  test('is the target of a link, and the link stays', async () => {
    const folder = temporaryFolder()
    const [link, file] = [join(folder, 'link'), join(folder, 'elsewhere', 'file')]
    mkdirSync(join(folder, 'elsewhere'))
    writeFileSync(file, 'old')
    symlinkSync(file, link)
    await replace(link, Buffer.from('new'))
    expect(readFileSync(file, 'latin1')).toBe('new')
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(`${link}.bak`, 'latin1')).toBe('old')
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual(['file'])
  })

  test('is created with its folders', async () => {
    const path = join(temporaryFolder(), 'some', 'where', 'file')
    await replace(path, Buffer.from('content'))
    expect(readFileSync(path, 'latin1')).toBe('content')
  })

  test('is created at the target of a link that does not exist yet, and the link stays', async () => {
    const folder = temporaryFolder()
    const [link, second, file] = ['link', 'second', 'later/file'].map((name) => join(folder, name))
    symlinkSync('second', `${link}`)
    symlinkSync('later/file', `${second}`)
    await replace(`${link}`, Buffer.from('new'))
    expect(readFileSync(`${file}`, 'latin1')).toBe('new')
    expect(lstatSync(`${link}`).isSymbolicLink() && lstatSync(`${second}`).isSymbolicLink()).toBe(true)
  })

  test('removes the temporary files that a crash left beside it, and no other file', async () => {
    const folder = temporaryFolder()
    const others = [
      'file.0123abcd',
      'file.0123abcd.tmp.old',
      'files.0123abcd.tmp',
      'xfile.0123abcd.tmp',
      'file.tmp',
    ]
    const stale = ['file.0123abcd.tmp', 'file.bak.4567cdef.tmp']
    for (const name of ['file', ...others, ...stale]) writeFileSync(join(folder, name), 'left')
    await replace(join(folder, 'file'), Buffer.from('new'))
    expect(readdirSync(folder).sort()).toEqual(['file', 'file.bak', ...others].sort())
  })

  test('is never torn by two concurrent writers, of which one or both may fail', async () => {
    const path = join(temporaryFolder(), 'file')
    const bytes = 1_000_000
    const contents = ['A', 'B'].map((letter) => Buffer.alloc(bytes, letter))
    await replace(path, Buffer.alloc(bytes, 'C'))
    for (let round = 0; round < 20; round++) {
      await Promise.allSettled(contents.map((content) => replace(path, content)))
      expect(['A', 'B', 'C']).toContain(letterIn(path, bytes))
    }
  })

  test('stays as it is, with no file left beside it, if its backup cannot be written', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'file')
    writeFileSync(path, 'old')
    mkdirSync(`${path}.bak`)
    await expect(replace(path, Buffer.from('new'))).rejects.toThrow(
      expect.objectContaining({ code: 'EISDIR' }),
    )
    expect(readFileSync(path, 'latin1')).toBe('old')
    expect(readdirSync(folder).sort()).toEqual(['file', 'file.bak'])
  })

  test.runIf(process.getuid?.() === 0)(
    "stays its owner's, and so does its backup, if root replaces it",
    async () => {
      const path = join(temporaryFolder(), 'file')
      writeFileSync(path, 'old', { mode: 0o640 })
      chownSync(path, 1234, 2345)
      await replace(path, Buffer.from('new'))
      for (const file of [path, `${path}.bak`]) {
        const { uid, gid, mode } = statSync(file)
        expect([uid, gid, mode & 0o777]).toEqual([1234, 2345, 0o640])
      }
    },
  )
})

test('a file that may not be read, such as one of root, is replaced if no backup is wanted', async () => {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, 'old', { mode: 0o600 })
  const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
  const fs = { ...nodeFileSystem, readFile: () => Promise.reject(denied) } as unknown as FileSystem
  await replaceFile(path, Buffer.from('new'), { fs })
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  await expect(replaceFile(path, Buffer.from('x'), { keepsBackup: () => true, fs })).rejects.toThrow('EACCES')
})
