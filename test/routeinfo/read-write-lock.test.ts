import { describe, expect, test } from 'vitest'
import type { Steps } from '../../src/common/time-slicer.ts'
import { ReadWriteLock } from '../../src/routeinfo/read-write-lock.ts'
import { LockDurations } from '../../src/stats/durations.ts'
import { finestSlicer, ManualTurns, openChannel } from './route-helpers.ts'

/** Steps that take two turns at least with the finest slicer. */
const LONG = 200

function* long<Result>(result: Result, log: string[] = [], name = ''): Steps<Result> {
  log.push(`${name} starts`)
  for (let step = 0; step < LONG; step++) yield
  log.push(`${name} ends`)
  return result
}

function* longFailing(): Steps<never> {
  for (let step = 0; step < LONG; step++) yield
  throw new Error('broken in a later slice')
}

function lockWith(maxWaiters = 10) {
  const turns = new ManualTurns()
  const slicer = finestSlicer(turns)
  /** Work that runs in slices. */
  const sliced =
    <Result>(work: () => Steps<Result>) =>
    () =>
      slicer.run(work())
  return { lock: new ReadWriteLock(maxWaiters), sliced, turns, log: [] as string[] }
}

describe('an uncontended lock', () => {
  test('runs short work at once and returns its result as it is', () => {
    const { lock } = lockWith()
    expect(lock.read(() => 'read')).toBe('read')
    expect(lock.write(() => 'written')).toBe('written')
    expect(lock.busy).toBe(false)
  })

  test('returns the result of long work as it is if it ends within its first slice', () => {
    const { lock, sliced } = lockWith()
    function* three(): Steps<number> {
      yield
      yield
      return 3
    }
    expect(lock.write(sliced(three))).toBe(3)
    expect(lock.read(sliced(three))).toBe(3)
    expect(lock.busy).toBe(false)
  })

  test('lets other work run between the slices of long work', async () => {
    const { lock, sliced, turns } = lockWith()
    const written = lock.write(sliced(() => long('written')))
    expect(written).toBeInstanceOf(Promise)
    let others = 0
    while (turns.waiting > 0) {
      others++
      await turns.next()
    }
    expect(others).toBeGreaterThan(1)
    await expect(written).resolves.toBe('written')
    expect(lock.busy).toBe(false)
  })
})

describe('a contended lock', () => {
  test('lets readers run beside each other', async () => {
    const { lock, sliced, turns, log } = lockWith()
    const first = lock.read(sliced(() => long(1, log, 'first')))
    const second = lock.read(sliced(() => long(2, log, 'second')))
    expect(lock.read(() => 'short')).toBe('short')
    expect(log).toEqual(['first starts', 'second starts'])
    await turns.all()
    expect(await Promise.all([first, second])).toEqual([1, 2])
  })

  test('makes a writer wait for readers, and a reader for the writer', async () => {
    const { lock, sliced, turns, log } = lockWith()
    const reading = lock.read(sliced(() => long('read', log, 'reader')))
    const writing = lock.write(sliced(() => long('written', log, 'writer')))
    const readingLater = lock.read(() => log.push('late reader'))
    expect(lock.waiting).toBe(2)
    await turns.all()
    await Promise.all([reading, writing, readingLater])
    expect(log).toEqual(['reader starts', 'reader ends', 'writer starts', 'writer ends', 'late reader'])
  })

  test('serves in order of arrival: readers do not overtake a waiting writer', async () => {
    const { lock, sliced, turns, log } = lockWith()
    const done = [
      lock.read(sliced(() => long(0, log, 'holder'))),
      lock.write(() => log.push('writer 1')),
      lock.read(() => log.push('reader 1')),
      lock.read(() => log.push('reader 2')),
      lock.write(() => log.push('writer 2')),
      lock.read(() => log.push('reader 3')),
    ]
    await turns.all()
    await Promise.all(done)
    const order = ['writer 1', 'reader 1', 'reader 2', 'writer 2', 'reader 3']
    expect(log).toEqual(['holder starts', 'holder ends', ...order])
  })

  test('starts long readers that waited for a writer together', async () => {
    const { lock, sliced, turns, log } = lockWith()
    const done = [
      lock.write(sliced(() => long(0, log, 'writer'))),
      lock.read(sliced(() => long(1, log, 'first'))),
      lock.read(sliced(() => long(2, log, 'second'))),
    ]
    await turns.all()
    await Promise.all(done)
    expect(log.slice(0, 4)).toEqual(['writer starts', 'writer ends', 'first starts', 'second starts'])
  })

  test('serves a thousand short waiters in the turn in which the writer ends', async () => {
    const { lock, sliced, turns } = lockWith(1_000)
    const writing = lock.write(sliced(() => long('written')))
    const waiting = Array.from({ length: 1_000 }, (_, index) => lock.read(() => index))
    await turns.all()
    await writing
    expect(lock.busy).toBe(false)
    expect(await Promise.all(waiting)).toHaveLength(1_000)
  })
})

describe('the lock is released by a holder that throws in', () => {
  test.each(['read', 'write'] as const)('short work (%s)', (mode) => {
    const { lock } = lockWith()
    const failing = (): never => {
      throw new Error('broken')
    }
    expect(() => lock[mode](failing)).toThrow('broken')
    expect(lock.write(() => 'next')).toBe('next')
  })

  test.each(['read', 'write'] as const)('long work in its first slice (%s)', (mode) => {
    const { lock, sliced } = lockWith()
    // biome-ignore lint/correctness/useYield: it fails before it comes to that
    function* failing(): Steps<never> {
      throw new Error('broken at once')
    }
    expect(() => lock[mode](sliced(failing))).toThrow('broken at once')
    expect(lock.write(() => 'next')).toBe('next')
  })

  test.each(['read', 'write'] as const)('long work in a later slice (%s)', async (mode) => {
    const { lock, sliced, turns } = lockWith()
    const failed = expect(lock[mode](sliced(longFailing))).rejects.toThrow('broken in a later slice')
    const next = lock.write(() => 'next')
    await turns.all()
    await failed
    await expect(next).resolves.toBe('next')
    expect(lock.busy).toBe(false)
  })

  test('work that had to wait', async () => {
    const { lock, sliced, turns } = lockWith()
    const writing = lock.write(sliced(() => long('written')))
    const failing = lock.write((): never => {
      throw new Error('broken after waiting')
    })
    const failed = expect(failing).rejects.toThrow('broken after waiting')
    const next = lock.read(() => 'next')
    await turns.all()
    await Promise.all([writing, failed])
    await expect(next).resolves.toBe('next')
    expect(lock.busy).toBe(false)
  })
})

describe('the queue of the lock', () => {
  test('drops the waiting work of a connection that closed', async () => {
    const { lock, sliced, turns, log } = lockWith()
    const gone = openChannel(1)
    const writing = lock.write(sliced(() => long('written')))
    const waiting = lock.write(() => log.push('of the one who is gone'), gone)
    const dropped = expect(waiting).rejects.toMatchObject({ name: 'LockError', code: 'ERR_LOCK_ABANDONED' })
    const next = lock.read(() => log.push('next'), openChannel(2))
    gone.closed = true
    await turns.all()
    await Promise.all([writing, dropped, next])
    expect(log).toEqual(['next'])
    expect(lock.busy).toBe(false)
  })

  test('is limited, except for the work of the server itself', async () => {
    const { lock, sliced, turns } = lockWith(2)
    const owner = openChannel(1)
    const done: unknown[] = [lock.write(sliced(() => long('written')))]
    done.push(lock.read(() => 1, owner))
    done.push(lock.read(() => 2, owner))
    const refused = expect.objectContaining({ limit: 'maxWaitingRequests', busy: true })
    expect(() => lock.read(() => 3, owner)).toThrow(refused)
    expect(() =>
      lock.write(
        sliced(() => long(3)),
        owner,
      ),
    ).toThrow(refused)
    done.push(lock.write(() => 4))
    expect(lock.waiting).toBe(3)
    await turns.all()
    expect(await Promise.all(done)).toEqual(['written', 1, 2, 4])
    expect(lock.read(() => 5, owner)).toBe(5)
  })
})

describe('the durations of the lock', () => {
  test('are how long work waited for it, and how long it held it', async () => {
    const durations = new LockDurations()
    let nowMs = 0
    const lock = new ReadWriteLock(10, durations, () => nowMs)
    let end = (): void => {}
    const written = lock.write(() => new Promise<void>((resolve) => (end = resolve)))
    nowMs += 2_000
    const read = lock.read(() => 'read')
    nowMs += 500
    end()
    await written
    expect(await read).toBe('read')
    expect([durations.wait.write.sum, durations.hold.write.sum]).toEqual([0, 2.5])
    expect([durations.wait.read.sum, durations.hold.read.sum]).toEqual([0.5, 0])
    expect([durations.wait.read.count, durations.hold.read.count]).toEqual([1, 1])
  })

  test('count work that throws', () => {
    const durations = new LockDurations()
    const lock = new ReadWriteLock(10, durations)
    expect(() =>
      lock.write(() => {
        throw new Error('broken')
      }),
    ).toThrow('broken')
    expect(durations.hold.write.count).toBe(1)
  })
})
