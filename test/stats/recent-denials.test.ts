import { expect, test } from 'vitest'
import { RecentDenials } from '../../src/stats/recent-denials.ts'

const DENIED = {
  ...{ host: '10.0.0.1', code: 318, group: 'config', identity: null, accessKey: null },
  ...{ rule: 'profile default', unproven: 'not signed', nearMiss: null, isEnforced: true },
}

test('equal requests are one entry, with the first and the last time', () => {
  let dateMs = 1_000
  const denials = new RecentDenials(() => dateMs)
  denials.add(DENIED, '10.0.0.1:5000')
  denials.add({ ...DENIED, code: 1451 }, '10.0.0.1:5000')
  dateMs = 2_000
  denials.add(DENIED, '10.0.0.1:6000')
  expect(denials.list()).toEqual([
    { ...DENIED, count: 2, firstMs: 1_000, lastMs: 2_000, peer: '10.0.0.1:6000' },
    { ...DENIED, code: 1451, count: 1, firstMs: 1_000, lastMs: 1_000, peer: '10.0.0.1:5000' },
  ])
})

test('a flood from one source hides no rejection of another', () => {
  const denials = new RecentDenials()
  denials.add(DENIED, '10.0.0.1:5000')
  for (let index = 0; index < 200; index++)
    denials.add({ ...DENIED, host: `2001:db8::${index}`, accessKey: `${index}` }, '[2001:db8::1]:1')
  expect(denials.list()).toHaveLength(128)
  expect(denials.list().at(-1)).toMatchObject(DENIED)
  expect(denials.list()[0]?.accessKey).toBe('199')
})

test('only the last 128 are kept, and not all of a long access key', () => {
  const denials = new RecentDenials()
  for (let index = 0; index < 200; index++)
    denials.add({ ...DENIED, accessKey: `${index} ${'x'.repeat(10_000)}` }, 'h:1')
  const list = denials.list()
  expect(list).toHaveLength(128)
  expect(list[0]?.accessKey).toMatch(/^199 x+… \(10004 characters\)$/)
  expect(list[127]?.accessKey).toMatch(/^72 x/)
  expect(list[0]?.accessKey?.length).toBeLessThan(300)
})
