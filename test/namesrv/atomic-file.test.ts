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
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeFileAtomically } from '../../src/namesrv/atomic-file.ts'
import { compileProgram, killWhileRunning } from '../support/killed-program.ts'
import { temporaryFolder } from '../support/start-server.ts'

/** The letter that fills a file. */
function letterIn(path: string, bytes: number): string {
  const content = readFileSync(path, 'latin1')
  expect(content).toHaveLength(bytes)
  expect(new Set(content).size).toBe(1)
  return content.charAt(0)
}

describe('a file that is replaced atomically', () => {
  test('is the old or the new one whole, and so is its backup, whenever the writer is killed', async () => {
    const bytes = 256 * 1024
    const folder = temporaryFolder()
    const program = compileProgram('test/namesrv/replace-file-forever.ts')
    const crash = async (index: number): Promise<void> => {
      const path = join(folder, `${index}.json`)
      await killWhileRunning(program, path, `${bytes}`)
      const letter = letterIn(path, bytes)
      const backup = `${path}.bak`
      if (existsSync(backup)) {
        const previous = letterIn(backup, bytes)
        // The one before it, or itself if the crash came between backup and replacement.
        expect([letter, letter === 'A' ? 'Z' : String.fromCharCode(letter.charCodeAt(0) - 1)]).toContain(
          previous,
        )
      }
      // What the crash has left behind is in nobody's way.
      writeFileAtomically(path, Buffer.from('next'))
      expect(readFileSync(path, 'latin1')).toBe('next')
      expect(
        readdirSync(folder).filter((name) => name.startsWith(`${index}.`) && name.endsWith('.tmp')),
      ).toEqual([])
    }
    for (let index = 0; index < 50; index += 5) {
      await Promise.all([0, 1, 2, 3, 4].map((offset) => crash(index + offset)))
    }
  }, 180_000)

  test('leaves what was there before as its backup', () => {
    const path = join(temporaryFolder(), 'file')
    writeFileAtomically(path, Buffer.from('one'))
    expect(existsSync(`${path}.bak`)).toBe(false)
    writeFileAtomically(path, Buffer.from('two'))
    writeFileAtomically(path, Buffer.from('three'))
    expect(readFileSync(path, 'latin1')).toBe('three')
    expect(readFileSync(`${path}.bak`, 'latin1')).toBe('two')
  })

  test('may be empty, and may shrink', () => {
    const path = join(temporaryFolder(), 'file')
    writeFileAtomically(path, Buffer.alloc(100_000, 'x'))
    writeFileAtomically(path, Buffer.from('short'))
    expect(readFileSync(path, 'latin1')).toBe('short')
    writeFileAtomically(path, Buffer.alloc(0))
    expect(readFileSync(path)).toHaveLength(0)
  })

  test('may be read and written by whom it could be before', () => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, 'a password')
    chmodSync(path, 0o640)
    writeFileAtomically(path, Buffer.from('another'))
    for (const each of [path, `${path}.bak`]) expect(statSync(each).mode & 0o777).toBe(0o640)
  })

  test('is the one that a link leads to, and the link stays', () => {
    const folder = temporaryFolder()
    const [link, file] = [join(folder, 'link'), join(folder, 'elsewhere', 'file')]
    mkdirSync(join(folder, 'elsewhere'))
    writeFileSync(file, 'old')
    symlinkSync(file, link)
    writeFileAtomically(link, Buffer.from('new'))
    expect(readFileSync(file, 'latin1')).toBe('new')
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readFileSync(`${link}.bak`, 'latin1')).toBe('old')
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual(['file'])
  })

  test('gets the folders it needs', () => {
    const path = join(temporaryFolder(), 'some', 'where', 'file')
    writeFileAtomically(path, Buffer.from('content'))
    expect(readFileSync(path, 'latin1')).toBe('content')
  })

  test('stays as it is, with the reason thrown, if the new one cannot be written', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'file')
    writeFileAtomically(path, Buffer.from('old'))
    mkdirSync(`${path}.tmp`)
    expect(() => writeFileAtomically(path, Buffer.from('new'))).toThrow(
      expect.objectContaining({ code: 'EISDIR' }),
    )
    expect(readFileSync(path, 'latin1')).toBe('old')
  })

  test('stays as it is, and nothing is left beside it, if its backup cannot be made', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'file')
    writeFileSync(path, 'old')
    mkdirSync(`${path}.bak`)
    expect(() => writeFileAtomically(path, Buffer.from('new'))).toThrow(
      expect.objectContaining({ code: 'EISDIR' }),
    )
    expect(readFileSync(path, 'latin1')).toBe('old')
    expect(readdirSync(folder).sort()).toEqual(['file', 'file.bak'])
  })

  test.runIf(process.getuid?.() === 0)(
    "stays its owner's, and so does its backup, if root replaces it",
    () => {
      const path = join(temporaryFolder(), 'file')
      writeFileSync(path, 'old', { mode: 0o640 })
      chownSync(path, 1234, 2345)
      writeFileAtomically(path, Buffer.from('new'))
      for (const file of [path, `${path}.bak`]) {
        const { uid, gid, mode } = statSync(file)
        expect([uid, gid, mode & 0o777]).toEqual([1234, 2345, 0o640])
      }
    },
  )
})
