import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Steps } from '../../src/common/time-slicer.ts'
import { pageOf, sorted } from '../../src/inspect/paging.ts'

function run<Result>(work: Steps<Result>): { result: Result; steps: number } {
  for (let steps = 0; ; steps++) {
    const { done, value } = work.next()
    if (done === true) return { result: value, steps }
  }
}

const names = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 4 }), { maxLength: 300 })

test('names sorted in steps are in the order of Array#sort', () => {
  fc.assert(
    fc.property(names, (given) => {
      expect(run(sorted(given)).result).toEqual([...given].sort())
    }),
  )
})

test('100,000 names are sorted in thousands of steps', () => {
  const given = Array.from({ length: 100_000 }, (_, index) => `topic-${(index * 7919) % 100_000}`)
  const { result, steps } = run(sorted(given))
  expect(result).toEqual(given.sort())
  expect(steps).toBeGreaterThan(3_000)
})

test('the pages of a list have every matching name once', () => {
  fc.assert(
    fc.property(
      names,
      fc.string({ maxLength: 1 }),
      fc.integer({ min: 1, max: 20 }),
      fc.option(fc.func(fc.boolean()), { nil: undefined }),
      (given, prefix, limit, isAhead) => {
        const list = [...given].sort()
        const found: string[] = []
        const query = new URLSearchParams({ prefix, limit: `${limit}` })
        const matching = list.filter((name) => name.startsWith(prefix))
        for (;;) {
          const page = pageOf(list, query, isAhead)
          found.push(...page.names)
          expect(page.matching).toBe(matching.length)
          if (page.next === null) break
          query.set('after', page.next)
        }
        const ahead = matching.filter((name) => isAhead?.(name) === true)
        expect(found).toEqual([...ahead, ...matching.filter((name) => !ahead.includes(name))])
      },
    ),
  )
})

test('a name that is removed between two pages hides no other', () => {
  const query = new URLSearchParams({ limit: '2' })
  const { next } = pageOf(['a', 'b', 'c', 'd'], query)
  query.set('after', next ?? '')
  expect(pageOf(['a', 'c', 'd'], query).names).toEqual(['c', 'd'])
})
