import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './start-server.ts'

/** A disk of 64 KiB, for as long as the test takes. Where {@link canMount} is true. */
export interface SmallDisk {
  readonly folder: string
  /** Fills it to the last byte. */
  fill(): void
  /** Makes room again. */
  makeRoom(): void
  /** From now on nothing can be written to it; or it can again. */
  setReadOnly(isReadOnly: boolean): void
}

function mount(folder: string, options: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0
}

function unmount(folder: string): void {
  spawnSync('umount', ['-l', folder])
}

/** Whether this process may mount disks: root may, unless a container keeps it from that. */
export const canMount: boolean = (() => {
  if (process.getuid?.() !== 0) return false
  const folder = join('/tmp', `mqnamesrv-mount-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  const done = mount(folder, 'size=64k')
  if (done) unmount(folder)
  rmSync(folder, { recursive: true, force: true })
  return done
})()

export function smallDisk(): SmallDisk {
  const folder = join(temporaryFolder(), 'disk')
  mkdirSync(folder)
  if (!mount(folder, 'size=64k')) throw new Error('the disk cannot be mounted')
  onTestFinished(() => unmount(folder))
  const filler = join(folder, 'filler')
  return {
    folder,
    fill: () => {
      try {
        writeFileSync(filler, Buffer.alloc(128 * 1024))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    makeRoom: () => rmSync(filler),
    setReadOnly: (isReadOnly) => {
      if (!mount(folder, isReadOnly ? 'remount,ro' : 'remount,rw')) throw new Error('it cannot be remounted')
    },
  }
}
