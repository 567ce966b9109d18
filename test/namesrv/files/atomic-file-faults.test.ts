import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import * as nodeFileSystem from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type FileSystem, hasContent, replaceFile } from '../../../src/namesrv/files/atomic-file.ts'
import { temporaryFolder } from '../../support/start-server.ts'

type Method = (...args: unknown[]) => Promise<unknown>
type HandleMethod = Method & ((this: unknown, ...args: unknown[]) => Promise<unknown>)

const OLD = 'the old content'
const STALE = 'file.01234567.tmp'
const NEW = 'the new content, which is longer'

/** The real file system with an error at its n-th step; a write fails half done. */
class FaultyFileSystem {
  readonly steps: string[] = []
  readonly #failing: number

  constructor(failing: number) {
    this.#failing = failing
  }

  /** Whether that step was reached. */
  get failed(): boolean {
    return this.steps.length > this.#failing
  }

  get fs(): FileSystem {
    return this.#wrapped(nodeFileSystem, (method, [path]) => `${method} ${basename(String(path))}`)
  }

  #wrapped<Target extends object>(
    target: Target,
    nameOf: (method: string, args: unknown[]) => string,
  ): Target {
    return new Proxy(target, {
      get: (_, name) => {
        const method = Reflect.get(target, name) as HandleMethod
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          const step = nameOf(String(name), args).replace(/[0-9a-f]{8}(?=\.tmp)/, 'x')
          if (this.steps.push(step) - 1 === this.#failing) {
            if (name === 'writeFile') await method.call(target, (args[0] as Buffer).subarray(0, 7))
            if (name === 'close') await method.call(target)
            throw Object.assign(new Error(`EIO: made to fail, ${step}`), {
              code: 'EIO',
              syscall: String(name),
            })
          }
          const result = await method.apply(target, args)
          if (name !== 'open') return result
          return this.#wrapped(result as object, (called) => `${called} of ${step.slice('open '.length)}`)
        }
      },
    })
  }
}

/** A path, and what exists there before the write. */
interface Place {
  /** Creates it. @returns The path to write to. */
  readonly make: (folder: string) => string
  readonly old: string | undefined
}

const places: Readonly<Record<string, Place>> = {
  'a file with its backup': {
    make: (folder) => {
      writeFileSync(join(folder, 'file'), OLD)
      writeFileSync(join(folder, 'file.bak'), 'older')
      writeFileSync(join(folder, STALE), 'stale')
      return join(folder, 'file')
    },
    old: OLD,
  },
  'no file, and no folder': { make: (folder) => join(folder, 'a', 'b', 'file'), old: undefined },
  'a link to a file': {
    make: (folder) => {
      mkdirSync(join(folder, 'elsewhere'))
      writeFileSync(join(folder, 'elsewhere', 'file'), OLD)
      symlinkSync('elsewhere/file', join(folder, 'link'))
      return join(folder, 'link')
    },
    old: OLD,
  },
  'a link that leads nowhere': {
    make: (folder) => {
      symlinkSync('elsewhere/file', join(folder, 'link'))
      return join(folder, 'link')
    },
    old: undefined,
  },
}

function contentOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** Writes with a failure at one step, and returns the state of the files afterwards. */
async function writeWithFault({ make, old }: Place, failing: number) {
  const folder = temporaryFolder()
  const path = make(folder)
  const backupBefore = contentOf(`${path}.bak`)
  const faulty = new FaultyFileSystem(failing)
  let replaced = false
  const [end] = await Promise.allSettled([
    replaceFile(path, Buffer.from(NEW), {
      keepsBackup: hasContent,
      onReplaced: () => {
        replaced = true
      },
      fs: faulty.fs,
    }),
  ])
  const found = contentOf(path)
  // The caller's view agrees with the content of the file, whatever happened afterwards.
  expect([found, replaced]).toEqual(replaced ? [NEW, true] : [old, false])
  const backup = contentOf(`${path}.bak`)
  expect(replaced ? [old] : [backupBefore, old]).toContain(backup)
  if (end?.status === 'fulfilled') expect(replaced).toBe(true)
  return { folder, path, faulty, found, end, step: faulty.steps[failing] ?? '' }
}

describe.each(Object.entries(places))('in place of %s', (_, place) => {
  test('whichever step fails, the old or the new file is whole, the caller knows which, and no other file is left', async () => {
    const unreported: string[] = []
    const afterwards: string[] = []
    for (let failing = 0; ; failing++) {
      const { folder, path, faulty, found, end, step } = await writeWithFault(place, failing)
      if (!faulty.failed) {
        expect(end?.status).toBe('fulfilled')
        break
      }
      if (end?.status === 'fulfilled') unreported.push(step)
      else
        expect(end?.reason).toMatchObject({ code: 'EIO', message: expect.stringContaining('made to fail') })
      if (end?.status === 'rejected' && found === NEW) {
        afterwards.push(step)
        expect(end.reason.message).toMatch(/^change applied but not durable: fsync of the folder failed: /)
      }
      const left = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      // A temporary file that existed before is harmless; the next write removes it.
      expect(left.filter((name) => name.endsWith('.tmp') && name !== STALE)).toEqual([])

      await replaceFile(path, Buffer.from('the next content'), { keepsBackup: hasContent })
      expect(contentOf(path)).toBe('the next content')
      expect(contentOf(`${path}.bak`)).toBe(found)
      expect(existsSync(join(folder, STALE))).toBe(false)
    }
    // These failures lose nothing.
    for (const step of unreported) expect(step).toMatch(/^(unlink file\.x\.tmp|close of \S+)$/)
    expect(unreported.filter((step) => step.startsWith('close'))).toHaveLength(1)
    // After the rename, a failure to force it to disk is an error that says that the new content is in place.
    expect(afterwards).toHaveLength(1)
    expect(afterwards[0]).toMatch(/^sync of /)
  })
})

test('a file is forced to disk before it is renamed, and its folder after', async () => {
  const { faulty, folder } = await writeWithFault(
    places['a file with its backup'] as Place,
    Number.MAX_SAFE_INTEGER,
  )
  const lasting = faulty.steps.filter((step) => /^(writeFile|sync|close|rename) (?!.*of file$)/.test(step))
  const stored = (name: string) => ['writeFile', 'sync', 'close'].map((method) => `${method} of ${name}`)
  expect(lasting).toEqual([
    ...stored('file.x.tmp'),
    ...stored('file.bak.x.tmp'),
    'rename file.bak.x.tmp',
    'rename file.x.tmp',
    `sync of ${basename(folder)}`,
    `close of ${basename(folder)}`,
  ])
})

test('a new folder is forced to disk, and so is its parent', async () => {
  const { faulty, folder } = await writeWithFault(
    places['no file, and no folder'] as Place,
    Number.MAX_SAFE_INTEGER,
  )
  const forced = faulty.steps.filter((step) => step.startsWith('sync'))
  expect(forced).toEqual([`sync of a`, `sync of ${basename(folder)}`, 'sync of file.x.tmp', 'sync of b'])
})

test('a folder that cannot be forced to disk, as on some network file systems, is not a failure', async () => {
  for (const code of ['EINVAL', 'ENOTSUP']) {
    const path = join(temporaryFolder(), 'file')
    const open: Method = async (...args) => {
      const handle = await (nodeFileSystem.open as unknown as Method)(...args)
      if (String(args[0]).endsWith('.tmp')) return handle
      return Object.assign(handle as object, {
        sync: () => Promise.reject(Object.assign(new Error(), { code })),
      })
    }
    const fs = { ...nodeFileSystem, open: open as unknown as FileSystem['open'] }
    await replaceFile(path, Buffer.from(NEW), { fs })
    expect(contentOf(path)).toBe(NEW)
  }
})
