import { describe, expect, it } from 'vitest'
import { frame } from '../../support/raw-client.ts'
import { againAfterRace, checkRace, JavaRace } from './java-race.ts'

const REMARK = 'java.util.ConcurrentModificationException, java.base/java.util.HashMap$HashIterator.nextNode'

function response(code: number, remark?: string): Buffer {
  return frame(JSON.stringify({ code, flag: 1, opaque: 1, remark }))
}

describe('a response of Java', () => {
  it.each(['5.5.0', '5.3.3', '4.9.7'] as const)(
    'is a race if it is a ConcurrentModificationException: %s',
    (release) => {
      expect(() => checkRace(release, response(1, REMARK))).toThrow(JavaRace)
    },
  )

  it.each([
    ['another exception', response(1, 'java.lang.NullPointerException')],
    ['no exception', response(0)],
    ['an exception that quotes it', response(1, `java.lang.RuntimeException, ${REMARK}`)],
    ['none at all', 'silent' as const],
    ['a closed connection', 'closed' as const],
  ])('is compared if it is %s', (_, arrival) => {
    expect(() => checkRace('5.5.0', arrival)).not.toThrow()
  })
})

describe('a response of ours', () => {
  it('is compared even if it is a ConcurrentModificationException', () => {
    expect(() => checkRace('ours', response(1, REMARK))).not.toThrow()
  })
})

describe('a sequence', () => {
  /** Fails as often as there are errors. */
  function failing(errors: readonly Error[]) {
    let plays = 0
    const play = async (): Promise<number> => {
      const error = errors[plays++]
      if (error !== undefined) throw error
      return plays
    }
    return { play, plays: () => plays }
  }
  const race = new JavaRace('5.5.0 answered')

  it('is played once if it meets no race', async () => {
    expect(await againAfterRace(failing([]).play)).toBe(1)
  })

  it('is played again after a race, three times in all', async () => {
    expect(await againAfterRace(failing([race, race]).play)).toBe(3)
    const { play, plays } = failing([race, race, race])
    await expect(againAfterRace(play)).rejects.toBe(race)
    expect(plays()).toBe(3)
  })

  it('is not played again after a difference', async () => {
    const { play, plays } = failing([new Error('they differ')])
    await expect(againAfterRace(play)).rejects.toThrow('they differ')
    expect(plays()).toBe(1)
  })
})
