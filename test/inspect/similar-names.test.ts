import { describe, expect, it } from 'vitest'
import { type SimilarName, similarNames } from '../../src/inspect/similar-names.ts'

function similar(wanted: string, names: readonly string[], maxNames = 10): readonly SimilarName[] {
  const steps = similarNames(wanted, names, maxNames)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

describe('Similar names', () => {
  it.each([
    ['order', 'order ', 'spaces'],
    [' order', 'order', 'spaces'],
    ['Order_Topic', 'order_topic', 'case'],
    ['order', 'prod%order', 'namespace'],
    ['prod%order', 'order', 'namespace'],
    ['order-topic', 'order_topic', 'punctuation'],
    ['ordertopic', 'order.topic', 'punctuation'],
    ['order', 'orders', 'one character'],
    ['order', 'orde', 'one character'],
    ['order', 'ordar', 'one character'],
    ['order', 'oredr', 'one character'],
  ] as const)('find for %j the name %j, by %s', (wanted, name, likeness) => {
    expect(similar(wanted, ['payments', name])).toEqual([{ name, likeness }])
  })

  it.each(['order', 'orderss', 'oxdxr', 'payments', '', 'redro'])('do not find %j for "order"', (name) => {
    expect(similar('order', [name])).toEqual([])
  })

  it('begin with the closest, and are limited', () => {
    expect(similar('order', ['ordera', 'Order', 'orderb', 'order '], 3).map(({ name }) => name)).toEqual([
      'order ',
      'Order',
      'ordera',
    ])
  })
})
