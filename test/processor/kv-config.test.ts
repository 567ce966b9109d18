import { describe, expect, test } from 'vitest'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { ProcessorWorld } from './processor-world.ts'

const { PUT_KV_CONFIG, GET_KV_CONFIG, DELETE_KV_CONFIG, GET_KVLIST_BY_NAMESPACE } = RequestCode
const ext = { namespace: 'N', key: 'k', value: 'v' }

test('a value that was put is returned; the response to the put has no ext fields', async () => {
  const world = new ProcessorWorld()
  expect(await world.ask(PUT_KV_CONFIG, { ext })).toEqual({ code: 0 })
  expect(await world.ask(GET_KV_CONFIG, { ext })).toEqual({ code: 0, ext: { value: 'v' } })
  expect(await world.ask(GET_KVLIST_BY_NAMESPACE, { ext })).toEqual({ code: 0, body: '{"table":{"k":"v"}}' })
})

test('a put without a value stores one that is neither found nor listed', async () => {
  const world = new ProcessorWorld()
  expect(await world.ask(PUT_KV_CONFIG, { ext: { namespace: 'N', key: 'k' } })).toEqual({ code: 0 })
  expect((await world.ask(GET_KV_CONFIG, { ext })).code).toBe(22)
  expect(await world.ask(GET_KVLIST_BY_NAMESPACE, { ext })).toEqual({ code: 0, body: '{"table":{}}' })
})

test.each([
  ['no namespace', { key: 'k', value: 'v' }],
  ['no key', { namespace: 'N', value: 'v' }],
  ['no ext fields', undefined],
])('a put with %s is rejected', async (_, given) => {
  const rejected = { code: 1, remark: 'namespace or key is null' }
  expect(await new ProcessorWorld().ask(PUT_KV_CONFIG, given && { ext: given })).toEqual(rejected)
})

test('the response for a missing value has empty ext fields', async () => {
  const remark = 'No config item, Namespace: N Key: k'
  expect(await new ProcessorWorld().ask(GET_KV_CONFIG, { ext })).toEqual({ code: 22, remark, ext: {} })
})

test('missing names show as null in the remark', async () => {
  const world = new ProcessorWorld()
  const remark = 'No config item, Namespace: null'
  expect(await world.ask(GET_KV_CONFIG)).toEqual({ code: 22, remark: `${remark} Key: null`, ext: {} })
  expect(await world.ask(GET_KVLIST_BY_NAMESPACE)).toEqual({ code: 22, remark })
})

test('deleting always succeeds; the namespace is removed with its last key', async () => {
  const world = new ProcessorWorld()
  expect(await world.ask(DELETE_KV_CONFIG, { ext })).toEqual({ code: 0 })
  expect(await world.ask(DELETE_KV_CONFIG)).toEqual({ code: 0 })
  await world.ask(PUT_KV_CONFIG, { ext })
  expect(await world.ask(DELETE_KV_CONFIG, { ext })).toEqual({ code: 0 })
  expect((await world.ask(GET_KV_CONFIG, { ext })).code).toBe(22)
  const remark = 'No config item, Namespace: N'
  expect(await world.ask(GET_KVLIST_BY_NAMESPACE, { ext })).toEqual({ code: 22, remark })
})

describe('when the file cannot be written', () => {
  test.each([
    ['a put', PUT_KV_CONFIG],
    ['a deletion', DELETE_KV_CONFIG],
  ] as const)('%s is rejected with the reason and changes nothing', async (_, code) => {
    const world = new ProcessorWorld()
    await world.ask(PUT_KV_CONFIG, { ext })
    world.diskFull = true
    const remark = 'the KV file cannot be written: no space left'
    const changing = world.ask(code, { ext: { ...ext, value: 'w' } })
    await expect(changing).rejects.toMatchObject({ name: 'RemotingCommandError', code: 1, message: remark })
    expect(await world.ask(GET_KV_CONFIG, { ext })).toEqual({ code: 0, ext: { value: 'v' } })
  })
})

test('a change that is applied but not durable is in effect, and the response and the log say so', async () => {
  const world = new ProcessorWorld()
  world.notDurable = true
  const message = 'change applied but not durable: fsync of the folder failed: EIO'
  await expect(world.ask(PUT_KV_CONFIG, { ext })).rejects.toMatchObject({ code: 1, message })
  expect(world.logged).toEqual(['KV entry put', 'KV change applied but not durable'])
  expect(await world.ask(GET_KV_CONFIG, { ext })).toEqual({ code: 0, ext: { value: 'v' } })
})
