import { describe, expect, test } from 'vitest'
import { type Column, tableLines } from '../../../src/cli/output/table.ts'
import { columnsOf, cut, pad, width } from '../../../src/cli/output/width.ts'

describe('the width of a text', () => {
  test.each([
    ['topic', 5],
    ['订单', 4],
    ['ａ', 2],
    ['한', 2],
    ['📦', 2],
    ['é', 1],
    ['e\u0301', 1],
    ['', 0],
  ])('%s is %i columns', (text, columns) => {
    expect(width(text)).toBe(columns)
  })

  test('is filled up with spaces on either side', () => {
    expect([pad('订', 4), pad('订', 4, 'right'), pad('topic', 3)]).toEqual(['订  ', '  订', 'topic'])
  })

  test.each([
    ['topic', 5, 'topic'],
    ['topics', 5, 'topi…'],
    ['订单订单', 6, '订单…'],
    ['订单订单', 7, '订单订…'],
  ])('%s cut to %i columns is %s', (text, columns, expected) => {
    expect(cut(text, columns)).toBe(expected)
    expect(width(expected)).toBeLessThanOrEqual(columns)
  })
})

test.each([
  [{ isTTY: true, columns: 100 }, 100],
  [{ isTTY: true, columns: 0 }, undefined],
  [{ isTTY: false, columns: 100 }, undefined],
  [{}, undefined],
])('of a stream that is %j %s columns are known', (stream, expected) => {
  expect(columnsOf(stream)).toBe(expected)
})

interface Row {
  readonly topic: string
  readonly queues: number | null
  readonly note?: string
}

const COLUMNS: readonly Column<Row>[] = [
  { head: 'TOPIC', cell: ({ topic }) => topic },
  { head: 'QUEUES', cell: ({ queues }) => queues, align: 'right' },
  { head: 'NOTE', cell: ({ note }) => note, isWide: true },
]
const ROWS: readonly Row[] = [
  { topic: '订单', queues: 16, note: 'x' },
  { topic: '', queues: null },
]

describe('a table', () => {
  test('has aligned columns with two spaces between them, and - for what is missing', () => {
    expect(tableLines(ROWS, COLUMNS, { isWide: false, hasHead: true, maxWidth: undefined })).toEqual([
      'TOPIC  QUEUES',
      '订单       16',
      '-           -',
    ])
  })

  test('has more columns if it may be wide, and no heading if none is wanted', () => {
    expect(tableLines(ROWS, COLUMNS, { isWide: true, hasHead: false, maxWidth: undefined })).toEqual([
      '订单  16  x',
      '-      -  -',
    ])
  })

  test('is cut to the terminal', () => {
    expect(tableLines(ROWS, COLUMNS, { isWide: false, hasHead: true, maxWidth: 8 })).toEqual([
      'TOPIC  …',
      '订单   …',
      '-      …',
    ])
  })

  describe('with a column of texts', () => {
    const columns: readonly Column<Row>[] = [
      { head: 'TOPIC', cell: ({ topic }) => topic },
      { head: 'NOTE', cell: ({ note }) => note, isWrapped: true },
      { head: 'QUEUES', cell: ({ queues }) => queues, align: 'right' },
    ]
    const rows: readonly Row[] = [
      { topic: 'TopicTest', queues: 16, note: 'is served by one broker only, 订单-broker, and has no order' },
      { topic: 'a', queues: null },
    ]
    const lines = (maxWidth: number | undefined): string[] =>
      tableLines(rows, columns, { isWide: false, hasHead: true, maxWidth })

    test('is as wide as its texts where there is room', () => {
      expect(lines(82)).toEqual(lines(undefined))
      expect(lines(undefined)[1]).toBe(
        'TopicTest  is served by one broker only, 订单-broker, and has no order      16',
      )
    })

    test('wraps them between words within what the other columns leave', () => {
      expect(lines(51)).toEqual([
        'TOPIC      NOTE                              QUEUES',
        'TopicTest  is served by one broker only,         16',
        '           订单-broker, and has no order',
        'a          -                                      -',
      ])
    })

    test('has them below each row if that is little', () => {
      expect(lines(32)).toEqual([
        'TOPIC      QUEUES',
        '  NOTE',
        'TopicTest      16',
        '  is served by one broker only,',
        '  订单-broker, and has no order',
        'a               -',
      ])
    })

    test('breaks what is longer than a line', () => {
      const given = { isWide: false, hasHead: false, maxWidth: 10 }
      expect(
        tableLines([{ topic: 'a', queues: 1, note: `${'x'.repeat(10)} 订单订单订` }], columns, given),
      ).toEqual(['a  1', '  xxxxxxxx', '  xx', '  订单订单', '  订'])
    })
  })
})
