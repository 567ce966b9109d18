import { expect, test } from 'vitest'
import { WakingTime } from '../../src/namesrv/waking-time.ts'
import { ManualTime } from '../support/manual-time.ts'

function awake() {
  const machine = new ManualTime()
  const standstills: number[] = []
  const time = new WakingTime(machine, machine, (ms) => standstills.push(ms))
  const startMs = machine.nowMs()
  time.start()
  return { machine, time, standstills, sinceStart: () => time.nowMs() - startMs }
}

test('time passes as it does on the clock while the loop turns, also when a tick is a second late', () => {
  const { machine, standstills, sinceStart } = awake()
  machine.advance(3_600_000)
  expect(sinceStart()).toBe(3_600_000)
  machine.standStill(2_000)
  expect(sinceStart()).toBe(3_602_000)
  machine.advance(10_000)
  expect(sinceStart()).toBe(3_612_000)
  expect(standstills).toEqual([])
})

test('while the process stands still no time passes but the second until the next tick; it is told once how long that was', () => {
  const { machine, standstills, sinceStart } = awake()
  machine.advance(10_000)
  machine.standStill(600_000)
  expect(sinceStart()).toBe(11_000)
  machine.advance(5_000)
  expect(sinceStart()).toBe(16_000)
  machine.standStill(2_001)
  expect(sinceStart()).toBe(17_000)
  expect(standstills).toEqual([599_000, 1_001])
})

test('whenever it begins, a pause of more than two seconds is left out but for its first second at most, and one of a second counts', () => {
  for (let phaseMs = 0; phaseMs < 1_000; phaseMs += 50) {
    for (const pauseMs of [500, 1_000, 2_001, 2_500, 60_000]) {
      const { machine, standstills, sinceStart } = awake()
      machine.advance(10_000 + phaseMs)
      const beforeMs = sinceStart()
      machine.standStill(pauseMs)
      const countedMs = sinceStart() - beforeMs
      expect(countedMs + (standstills[0] ?? 0)).toBe(pauseMs)
      if (pauseMs <= 1_000) expect(standstills).toEqual([])
      else expect(standstills).toHaveLength(1)
      expect(countedMs).toBeLessThanOrEqual(1_000)
    }
  }
})

test('whoever asks first notices it, be it another timer or somebody in a loop that was held up', () => {
  const { machine, time, standstills } = awake()
  const seen: number[] = []
  const startMs = time.nowMs()
  machine.every(900, () => seen.push(time.nowMs() - startMs))
  machine.standStill(60_000)
  expect(seen).toEqual([1_000])
  expect(standstills).toEqual([59_000])
})

test('time never goes back for those who ask while the loop is held up by work', () => {
  const { machine, standstills, sinceStart } = awake()
  const told: number[] = []
  for (let read = 0; read < 8; read++) {
    machine.holdUp(700)
    told.push(sinceStart())
  }
  expect(told).toEqual([700, 1_400, 2_100, 2_800, 3_500, 4_200, 4_900, 5_600])
  machine.holdUp(60_000)
  told.push(sinceStart())
  expect(told.at(-1)).toBe(5_600)
  expect(standstills).toEqual([60_000])
})

test('what is to happen after a while happens when so much time has passed awake', () => {
  const { machine, time } = awake()
  const done: string[] = []
  time.after(3_000, () => done.push('timeout'))
  const cancel = time.after(3_000, () => done.push('cancelled'))
  machine.advance(500)
  machine.standStill(60_000)
  expect(done).toEqual([])
  cancel()
  machine.advance(1_999)
  expect(done).toEqual([])
  machine.advance(1)
  expect(done).toEqual(['timeout'])
})

test('before the start and after the end nothing is watched', () => {
  const machine = new ManualTime()
  const standstills: number[] = []
  const time = new WakingTime(machine, machine, (ms) => standstills.push(ms))
  machine.standStill(60_000)
  expect(time.nowMs()).toBe(machine.nowMs())
  time.start()
  time.stop()
  expect(machine.timers).toBe(0)
  machine.standStill(60_000)
  expect(time.nowMs()).toBe(machine.nowMs())
  expect(standstills).toEqual([])
})
