import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonBody } from '../../src/inspect/json-text.ts'

function textOf(value: unknown): { text: string; steps: number } {
  const work = jsonBody(value)
  for (let steps = 0; ; steps++) {
    const { done, value: body } = work.next()
    if (done === true) return { text: body.toString().slice(0, -1), steps }
  }
}

test('JSON written in steps is that of JSON.stringify', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(textOf(value).text).toBe(JSON.stringify(value))
    }),
  )
})

test('members that are undefined are left out', () => {
  expect(textOf({ a: undefined, b: 1 }).text).toBe('{"b":1}')
  expect(textOf({ a: undefined }).text).toBe('{}')
})

test('a long list takes many steps', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `topic-${index}`)
  expect(textOf({ names }).steps).toBeGreaterThan(300)
})
