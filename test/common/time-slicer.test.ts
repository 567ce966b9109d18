import { describe, expect, test } from 'vitest'
import { SharedTimeSlicer, type Steps } from '../../src/common/time-slicer.ts'

/** A slicer whose clock goes on by a hundredth of a millisecond with each step of its works, and whose turns are run by hand. */
function world() {
  let nowMs = 0
  const deferred: (() => void)[] = []
  const slicer = new SharedTimeSlicer({
    nowMs: () => nowMs,
    defer: (task) => void deferred.push(task),
    sliceMs: 1,
  })
  function* work(name: string, steps: number): Steps<string> {
    for (let step = 0; step < steps; step++) {
      nowMs += 0.01
      yield
    }
    return name
  }
  /** Runs one turn, and returns how long it took. */
  const turn = async (): Promise<number> => {
    const startMs = nowMs
    for (const task of deferred.splice(0)) task()
    await Promise.resolve()
    return nowMs - startMs
  }
  return { slicer, work, turn, nowMs: () => nowMs, isIdle: () => deferred.length === 0 }
}

/** A slice, and the steps until the clock is read again. */
const MAX_TURN_MS = 1.7

describe('works that share a time slicer', () => {
  test('take one slice in each turn, however many they are, and all end', async () => {
    const { slicer, work, turn, nowMs, isIdle } = world()
    const ended: string[] = []
    for (let number = 0; number < 120; number++)
      void Promise.resolve(slicer.run(work(`${number}`, 500))).then((name) => ended.push(name))
    expect(nowMs()).toBeLessThan(MAX_TURN_MS)
    while (!isIdle()) expect(await turn()).toBeLessThan(MAX_TURN_MS)
    expect(ended).toHaveLength(120)
  })

  test('take turns: a short one does not wait for the end of a long one', async () => {
    const { slicer, work, turn, isIdle } = world()
    const ended: string[] = []
    for (const [name, steps] of [
      ['long', 5_000],
      ['short', 150],
    ] as const)
      void Promise.resolve(slicer.run(work(name, steps))).then((result) => ended.push(result))
    while (!isIdle()) await turn()
    expect(ended).toEqual(['short', 'long'])
  })

  test('end at once if the slice of the turn suffices', () => {
    const { slicer, work } = world()
    expect([slicer.run(work('a', 10)), slicer.run(work('b', 10))]).toEqual(['a', 'b'])
  })

  test('reject with the error of a later slice, and the others go on', async () => {
    const { slicer, work, turn, isIdle } = world()
    function* failing(): Steps<never> {
      yield* work('', 500)
      throw new Error('a bug')
    }
    const results = Promise.allSettled([slicer.run(failing()), slicer.run(work('other', 500))])
    while (!isIdle()) await turn()
    expect(await results).toMatchObject([
      { status: 'rejected', reason: new Error('a bug') },
      { status: 'fulfilled', value: 'other' },
    ])
  })
})
