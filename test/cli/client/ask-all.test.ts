import { describe, expect, test } from 'vitest'
import { failureAt } from '../../../src/cli/client/ask-all.ts'
import { CommandError } from '../../../src/cli/command-error.ts'

describe('an error while a NameServer is asked', () => {
  test('stays what it is if it is a failure of the command', () => {
    const error = new CommandError('denied', 'not you')
    expect(failureAt('a:9876', error)).toBe(error)
  })

  test.each([new TypeError('x is not iterable'), new RangeError('Invalid time value')])(
    'is an unexpected response if a member is missing or out of range: %s',
    (error) => {
      expect(failureAt('a:9876', error)).toMatchObject({
        code: 'protocol',
        message: `unexpected response from a:9876 (is it mqnamesrv of another version?): ${error.message}`,
      })
    },
  )

  test('is thrown if it is a defect', () => {
    const defect = new Error('boom')
    expect(() => failureAt('a:9876', defect)).toThrow(defect)
  })
})
