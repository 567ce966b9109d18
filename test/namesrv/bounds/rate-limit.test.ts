import { expect, test } from 'vitest'
import { RateLimit } from '../../../src/namesrv/bounds/rate-limit.ts'
import { ManualTime } from '../../support/manual-time.ts'

test('ten lines pass in ten seconds; the first of the next ten tells how many were left out', () => {
  const time = new ManualTime()
  const limit = new RateLimit(() => time.nowMs())
  const told: number[] = []
  const run = (): void => limit.run((suppressed) => told.push(suppressed))
  for (let line = 0; line < 25; line++) run()
  expect(told).toEqual(Array(10).fill(0))
  time.advance(9_999)
  run()
  expect(told).toHaveLength(10)
  time.advance(1)
  run()
  run()
  expect(told.slice(10)).toEqual([16, 0])
})
