import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { RegistrationsInFlight } from '../../src/processor/registrations-in-flight.ts'
import { Counters } from '../../src/stats/counters.ts'

const MAX = 1_000

function start(maxRegistrationsInFlight = 100): { counters: Counters; flights: RegistrationsInFlight } {
  const counters = new Counters()
  const limits = { maxRegistrationsInFlight, maxInflatedBytes: MAX }
  return { counters, flights: new RegistrationsInFlight(limits, counters) }
}

const busy = (limit: string): object => ({ limit, busy: true })
const body = (bytes: number): Buffer => deflateSync(Buffer.alloc(bytes))

describe('registrations in flight', () => {
  test('are rejected with SYSTEM_BUSY beyond maxRegistrationsInFlight, until one is released', () => {
    const { counters, flights } = start(2)
    const first = flights.enter()
    flights.enter()
    expect(() => flights.enter()).toThrow(expect.objectContaining(busy('maxRegistrationsInFlight')) as Error)
    expect(counters.registrationsInFlight).toBe(2)
    first.release()
    flights.enter()
    expect(counters.registrationsInFlight).toBe(2)
  })

  test('hold at most four bodies of maxInflatedBytes: beyond three, no other is inflated', async () => {
    const { flights } = start()
    const three = [flights.enter(), flights.enter(), flights.enter()]
    for (const flight of three) expect((await flight.inflate(body(MAX))).length).toBe(MAX)
    const fourth = flights.enter()
    expect((await fourth.inflate(body(1))).length).toBe(1)
    const fifth = flights.enter()
    await expect(fifth.inflate(body(1))).rejects.toMatchObject(busy('maxInflatedBytes'))
    fifth.release()
    three[0]?.release()
    const sixth = flights.enter()
    expect((await sixth.inflate(body(1))).length).toBe(1)
  })

  test('are inflated one after the other, a hundred at once too, so that none begins without room', async () => {
    const { counters, flights } = start()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, () => flights.enter().inflate(body(MAX))),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
    expect(outcomes.at(-1)).toMatchObject({
      reason: {
        message: expect.stringMatching(
          /^inflated registrations hold (\d+) of \1 bytes \(4 × maxInflatedBytes\)/,
        ),
      },
    })
    expect(counters.registrationsInFlight).toBe(100)
  })

  test('hold nothing if their body is too large or invalid, and those behind them are inflated', async () => {
    const { flights } = start()
    const results = [body(MAX + 1), Buffer.from('no zlib'), body(MAX)].map((bytes) => {
      const flight = flights.enter()
      return flight.inflate(bytes).finally(() => flight.release())
    })
    const [tooLarge, broken, good] = await Promise.allSettled(results)
    expect(tooLarge).toMatchObject({ reason: { limit: 'maxInflatedBytes', busy: false } })
    expect(broken).toMatchObject({ reason: { code: 'Z_DATA_ERROR' } })
    expect(good).toMatchObject({ status: 'fulfilled' })
    for (let round = 0; round < 10; round++) {
      const flight = flights.enter()
      await flight.inflate(body(MAX))
      flight.release()
    }
  })
})
