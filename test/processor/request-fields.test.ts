import { expect, test } from 'vitest'
import { booleanField, intField, longField, stringField } from '../../src/processor/request-fields.ts'

const fields = (value: string | null) => new Map([['name', value]])

test.each([
  ['0', 0n],
  ['+5', 5n],
  ['-5', -5n],
  ['007', 7n],
  ['9007199254740993', 9007199254740993n],
  ['9223372036854775807', 9223372036854775807n],
  ['-9223372036854775808', -9223372036854775808n],
])('the long %s is %d', (text, value) => {
  expect(longField(fields(text), 'name')).toBe(value)
})

test.each([
  '',
  ' 5',
  '5 ',
  '5L',
  '0x5',
  '5.0',
  '1e3',
  '--5',
  '+',
  '-',
  'x',
  '9223372036854775808',
  '-9223372036854775809',
])('a long field of %j is as good as missing', (text) => {
  expect(longField(fields(text), 'name')).toBeNull()
})

test('an int has 32 bits', () => {
  expect(intField(fields('2147483647'), 'name')).toBe(2147483647)
  expect(intField(fields('-2147483648'), 'name')).toBe(-2147483648)
  expect(intField(fields('2147483648'), 'name')).toBeNull()
  expect(intField(fields('-2147483649'), 'name')).toBeNull()
})

test.each([
  ['true', true],
  ['TRUE', true],
  ['True', true],
  [' true', false],
  ['1', false],
  ['', false],
  ['false', false],
])('the boolean %j is %s', (text, value) => {
  expect(booleanField(fields(text), 'name')).toBe(value)
})

test('a field is found by its exact name only', () => {
  expect(stringField(fields('x'), 'name')).toBe('x')
  expect(stringField(fields(''), 'name')).toBe('')
  expect(stringField(fields('x'), 'Name')).toBeNull()
})

test('a field is null if it is missing, if it is null and if there are no ext fields', () => {
  for (const extFields of [null, new Map(), fields(null)]) {
    expect(stringField(extFields, 'name')).toBeNull()
    expect(longField(extFields, 'name')).toBeNull()
    expect(intField(extFields, 'name')).toBeNull()
    expect(booleanField(extFields, 'name')).toBeNull()
  }
})
