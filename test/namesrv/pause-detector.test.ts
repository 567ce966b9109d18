import { describe, expect, test } from 'vitest'
import { PauseDetector } from '../../src/namesrv/pause-detector.ts'
import { ManualTime } from '../support/manual-time.ts'

function running() {
  const machine = new ManualTime()
  const pauses: number[] = []
  const detector = new PauseDetector(machine, machine, (ms) => pauses.push(ms))
  detector.start()
  return { machine, detector, pauses }
}

describe('the pause detector', () => {
  test('reports nothing while the event loop turns, also when a check is a second late', () => {
    const { machine, pauses } = running()
    machine.advance(3_600_000)
    machine.pause(2_000)
    machine.advance(10_000)
    expect(pauses).toEqual([])
  })

  test('reports each pause once, less the second in which the check was due', () => {
    const { machine, pauses } = running()
    machine.advance(10_000)
    machine.pause(600_000)
    machine.advance(5_000)
    machine.pause(2_001)
    machine.advance(5_000)
    expect(pauses).toEqual([599_000, 1_001])
  })

  test('reports a pause of more than two seconds whenever it begins, but for its first second at most, and none of a second', () => {
    for (let phaseMs = 0; phaseMs < 1_000; phaseMs += 50) {
      for (const pauseMs of [500, 1_000, 2_001, 2_500, 60_000]) {
        const { machine, pauses } = running()
        machine.advance(10_000 + phaseMs)
        machine.pause(pauseMs)
        if (pauseMs <= 1_000) expect(pauses).toEqual([])
        else {
          expect(pauses).toHaveLength(1)
          expect(pauseMs - (pauses[0] ?? 0)).toBeLessThanOrEqual(1_000)
        }
      }
    }
  })

  test.each(['every', 'after', 'defer'] as const)(
    'reports a pause before a task of `%s` runs',
    async (kind) => {
      const { machine, detector, pauses } = running()
      const seen: number[][] = []
      const note = (): void => void seen.push([...pauses])
      if (kind === 'every') detector.every(900, note)
      else if (kind === 'after') detector.after(900, note)
      else detector.defer(note)
      if (kind === 'defer') machine.holdUp(60_000)
      else machine.pause(60_000)
      await new Promise(setImmediate)
      machine.advance(kind === 'after' ? 60_000 : 0)
      expect(seen).toEqual([[59_000]])
    },
  )

  test('extends a timer by the pauses since it was set', () => {
    const { machine, detector } = running()
    const done: string[] = []
    detector.after(3_000, () => done.push('timeout'))
    const cancel = detector.after(3_000, () => done.push('cancelled'))
    machine.advance(500)
    machine.pause(60_000)
    machine.advance(500)
    machine.pause(60_000)
    expect(done).toEqual([])
    cancel()
    // Of each pause a second at most counts.
    machine.advance(499)
    expect(done).toEqual([])
    machine.advance(501)
    expect(done).toEqual(['timeout'])
  })

  test('does not extend a timer that is set after a pause, before anything else has run', () => {
    const { machine, detector, pauses } = running()
    machine.holdUp(60_000)
    let isDone = false
    detector.after(3_000, () => {
      isDone = true
    })
    expect(pauses).toEqual([59_000])
    machine.advance(3_000)
    expect(isDone).toBe(true)
  })

  test('reports nothing before its start and after its end', () => {
    const machine = new ManualTime()
    const pauses: number[] = []
    const detector = new PauseDetector(machine, machine, (ms) => pauses.push(ms))
    detector.every(900, () => {})
    machine.pause(60_000)
    detector.start()
    detector.stop()
    machine.pause(60_000)
    expect(machine.timers).toBe(1)
    expect(pauses).toEqual([])
  })
})
