import { describe, expect, test } from 'vitest'
import { caseOf } from '../../scripts/fuzz/cases.ts'
import { type Prediction, runDecoders } from '../../scripts/fuzz/decoders.ts'
import type { TlsSession } from '../../scripts/fuzz/tls-session.ts'

const CASES = 600
const SESSION_CASES = 2_000
const ALL_CODES = [
  100, 101, 102, 103, 104, 105, 106, 205, 206, 216, 217, 219, 224, 304, 311, 312, 313, 318, 319, 322, 327,
  901, 904, 905,
]

describe('the cases of the fuzzer', () => {
  test('are the same again from the same seed, each without those before it, and others from another seed', () => {
    for (const index of [0, 1, 77, 1_234_567]) {
      expect(caseOf(1, index)).toEqual(caseOf(1, index))
      expect(caseOf(1, index).bytes.equals(caseOf(2, index).bytes)).toBe(false)
    }
  })

  test('have every code, connections that go on and such that do not, and never name the honest client', () => {
    const predictions: Prediction[] = []
    let unpredicted = 0
    for (let index = 0; index < CASES; index++) {
      const { bytes, framesAt } = caseOf(3, index)
      expect(bytes.includes('onest')).toBe(false)
      if (framesAt === undefined) unpredicted++
      else predictions.push(runDecoders(bytes.subarray(framesAt), []))
    }
    const codes = new Set(predictions.flatMap(({ commands }) => commands.map(({ code }) => code)))
    expect(ALL_CODES.filter((code) => !codes.has(code))).toEqual([])
    expect(unpredicted).toBeGreaterThan(CASES / 100)
    expect(predictions.filter(({ closes }) => closes).length).toBeGreaterThan(CASES / 10)
    expect(predictions.filter(({ closes }) => !closes).length).toBeGreaterThan(CASES / 4)
  })

  test('go through TLS sessions of every kind, and some of them are handshakes that are wrong', () => {
    const cases = Array.from({ length: SESSION_CASES }, (_, index) => caseOf(4, index))
    const sessions = cases.flatMap(({ session }) => session ?? [])
    const has = (isOne: (session: TlsSession) => boolean): void =>
      expect(sessions.filter(isOne).length, isOne.toString()).toBeGreaterThan(3)
    has(({ version }) => version === 'TLSv1.2')
    has(({ version }) => version === 'TLSv1.3')
    has(({ before }) => before.length > 0)
    has(({ recordBytes }) => recordBytes < 1_000)
    has(({ cuts }) => cuts.length > 50)
    has(({ resumes }) => resumes === 'the last')
    has(({ resumes }) => resumes === 'a wrong one')
    has(({ renegotiates }) => renegotiates)
    has(({ stop }) => stop?.how === 'ends')
    has(({ stop }) => stop?.how === 'aborts')
    has(({ after }) => after !== undefined)
    // Each costs two handshakes; the frames that are not in one are to be the most of all.
    expect(sessions.length).toBeLessThan(SESSION_CASES / 5)
    expect(cases.filter(({ kind }) => kind === 'tls').length).toBeGreaterThan(SESSION_CASES / 50)
  })
})
