import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { readSnapshotFile, writeSnapshotFile } from '../../../src/namesrv/files/route-snapshot-file.ts'
import { compileProgram, killWhileRunning } from '../../support/killed-program.ts'
import { temporaryFolder } from '../../support/start-server.ts'

function piecesOf(...pieces: string[]): () => string {
  const left = [...pieces]
  return () => left.shift() ?? ''
}

function linesIn(path: string): string[] | undefined {
  const file = readSnapshotFile(path)
  return file === undefined ? undefined : [...file.lines]
}

/** A file as the description of its form has it, made by nothing of ours. */
function fileOf(content: string, { end = Buffer.byteLength(content), sum = crc32(content) } = {}): string {
  return `${content}end ${end} ${sum.toString(16).padStart(8, '0')}\n`
}

describe('the file of a snapshot', () => {
  test('begins with its format version, and ends with the length and the checksum of the content', async () => {
    const path = join(temporaryFolder(), 'routes.snapshot')
    const bytes = await writeSnapshotFile(path, piecesOf('["one"]\n["tw', 'ö"]\n'))
    const content = readFileSync(path, 'utf8')
    expect(content).toBe(fileOf('mqnamesrv routes 1\n["one"]\n["twö"]\n'))
    expect(bytes).toBe(Buffer.byteLength(content))
    expect(linesIn(path)).toEqual(['["one"]', '["twö"]'])
    expect(statSync(path).mode & 0o777).toBe(0o644)
  })

  test('may have no lines', async () => {
    const path = join(temporaryFolder(), 'routes.snapshot')
    await writeSnapshotFile(path, piecesOf())
    expect(linesIn(path)).toEqual([])
  })

  test('is undefined if there is none', () => {
    expect(readSnapshotFile(join(temporaryFolder(), 'routes.snapshot'))).toBeUndefined()
  })

  test('is the old or the new one whole, whenever the writer is killed', async () => {
    const folder = temporaryFolder()
    const program = compileProgram('test/namesrv/files/write-snapshot-forever.ts')
    const crash = async (index: number): Promise<void> => {
      const path = join(folder, `${index}.snapshot`)
      await killWhileRunning(program, path, '40')
      const lines = linesIn(path)
      expect(lines).toHaveLength(40_000)
      expect(new Set(lines).size).toBe(1)
      // What the crash has left behind is in nobody's way.
      await writeSnapshotFile(path, piecesOf('["next"]\n'))
      expect(linesIn(path)).toEqual(['["next"]'])
      expect(readdirSync(folder).filter((name) => name === `${index}.snapshot.tmp`)).toEqual([])
    }
    for (let index = 0; index < 40; index += 4) {
      await Promise.all([0, 1, 2, 3].map((offset) => crash(index + offset)))
    }
  }, 180_000)

  test('is the one that a link leads to, and the link stays', async () => {
    const folder = temporaryFolder()
    const [link, file] = [join(folder, 'link'), join(folder, 'elsewhere', 'file')]
    mkdirSync(join(folder, 'elsewhere'))
    writeFileSync(file, 'old')
    symlinkSync(file, link)
    await writeSnapshotFile(link, piecesOf('["new"]\n'))
    expect(linesIn(file)).toEqual(['["new"]'])
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual(['file'])
  })

  test('gets the folders it needs', async () => {
    const path = join(temporaryFolder(), 'some', 'where', 'file')
    await writeSnapshotFile(path, piecesOf('["new"]\n'))
    expect(linesIn(path)).toEqual(['["new"]'])
  })

  test('stays as it is, with nothing beside it, if writing the new one fails', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'file')
    await writeSnapshotFile(path, piecesOf('["old"]\n'))
    let pieces = 0
    const broken = writeSnapshotFile(path, () => {
      if (++pieces < 3) return '["new"]\n'
      throw new Error('no more')
    })
    await expect(broken).rejects.toThrow('no more')
    expect(linesIn(path)).toEqual(['["old"]'])
    expect(readdirSync(folder)).toEqual(['file'])
  })

  test('stays as it is if the new one would exceed the limit', async () => {
    const path = join(temporaryFolder(), 'file')
    await writeSnapshotFile(path, piecesOf('["old"]\n'))
    const piece = 'x'.repeat(16 * 1024 * 1024)
    await expect(writeSnapshotFile(path, () => piece)).rejects.toThrow('exceeds 268435456 bytes')
    expect(linesIn(path)).toEqual(['["old"]'])
  })

  test.each([
    ['a folder', (path: string) => mkdirSync(path), 'EISDIR'],
    ['a device', (path: string) => symlinkSync('/dev/null', path), 'it is a device'],
    ['a named pipe', (path: string) => void execFileSync('mkfifo', [path]), 'it is a named pipe'],
  ])('is neither read nor replaced where there is %s', async (_, make, reason) => {
    const path = join(temporaryFolder(), 'thing')
    make(path)
    expect(() => readSnapshotFile(path)).toThrow(reason)
    await expect(writeSnapshotFile(path, piecesOf('["new"]\n'))).rejects.toThrow(`${path} is not a file`)
    expect(existsSync(path)).toBe(true)
    expect(statSync(path).isFile()).toBe(false)
  })
})

describe('a file that is not a snapshot', () => {
  const HEAD = 'mqnamesrv routes 1\n'
  const WHOLE = `${HEAD}["topic","T",0]\n`

  test('is told from one: this is one', () => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, fileOf(WHOLE))
    expect(linesIn(path)).toEqual(['["topic","T",0]'])
  })

  test.each([
    ['', 'not a route snapshot'],
    ['\n', 'not a route snapshot'],
    ['{"configTable":{}}', 'not a route snapshot'],
    ['\0'.repeat(1_000), 'not a route snapshot'],
    [fileOf(WHOLE.replace('1', '2')), 'unknown format version'],
    [fileOf(WHOLE.replace('1', '10')), 'unknown format version'],
    [HEAD, 'incomplete: the end line is missing'],
    [WHOLE, 'incomplete: the end line is missing'],
    [`${fileOf(WHOLE)}\n`, 'incomplete: the end line is missing'],
    [`${fileOf(WHOLE)}x`, 'incomplete: the end line is missing'],
    [fileOf(WHOLE).slice(0, -1), 'incomplete: the end line is missing'],
    [fileOf(WHOLE, { end: WHOLE.length - 1 }), 'incomplete: the end line is missing'],
    [`${WHOLE}${fileOf(WHOLE).slice(WHOLE.length)}`.replace('"T"', '"S"'), 'checksum mismatch'],
    [fileOf(WHOLE, { sum: 0 }), 'checksum mismatch'],
    [fileOf(WHOLE).replace('"T"', '"T" '), 'incomplete: the end line is missing'],
  ])('%j: %s', (content, message) => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, content)
    expect(() => readSnapshotFile(path)).toThrow(
      expect.objectContaining({
        name: 'SnapshotFileError',
        code: 'ERR_SNAPSHOT_FILE',
        message: expect.stringContaining(message),
      }),
    )
  })

  test('is recognized wherever it is cut and whichever bit is flipped', () => {
    const path = join(temporaryFolder(), 'file')
    const whole = Buffer.from(fileOf(WHOLE))
    const error = expect.objectContaining({ name: 'SnapshotFileError' })
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length))
      expect(() => readSnapshotFile(path)).toThrow(error)
    }
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      const flipped = Buffer.from(whole)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      writeFileSync(path, flipped)
      expect(() => readSnapshotFile(path), `bit ${bit}`).toThrow(error)
    }
  })

  test('is not read into memory if it exceeds the limit', () => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, HEAD)
    // Of zeros that take no room on the disk.
    truncateSync(path, 1024 ** 3)
    expect(() => readSnapshotFile(path)).toThrow('its 1073741824 bytes exceed the limit of 268435456')
  })
})
