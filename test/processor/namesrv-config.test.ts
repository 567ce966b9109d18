import { describe, expect, test } from 'vitest'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { ProcessorWorld } from './processor-world.ts'

const { GET_NAMESRV_CONFIG, UPDATE_NAMESRV_CONFIG } = RequestCode

describe('UPDATE_NAMESRV_CONFIG', () => {
  test.each([
    [{ kind: 'taken' }, { code: 0 }],
    [
      { kind: 'malformed', reason: '' },
      { code: 1, remark: 'string2Properties error' },
    ],
    [
      { kind: 'black-listed', reason: '' },
      { code: 16, remark: 'Can not update config in black list.' },
    ],
  ] as const)('outcome %j gives the response %j', async (outcome, response) => {
    const world = new ProcessorWorld()
    world.update = () => outcome
    expect(await world.ask(UPDATE_NAMESRV_CONFIG, { body: 'a=1' })).toEqual(response)
  })

  test('a rejection is an error with its reason as the remark', async () => {
    const world = new ProcessorWorld()
    world.update = () => ({ kind: 'rejected', reason: 'the disk is full' })
    await expect(world.ask(UPDATE_NAMESRV_CONFIG, { body: 'a=1' })).rejects.toMatchObject({
      name: 'RemotingCommandError',
      code: 1,
      message: 'the disk is full',
    })
  })

  test('succeeds without a body', async () => {
    const world = new ProcessorWorld()
    world.update = () => {
      throw new Error('an update was made of nothing')
    }
    expect(await world.ask(UPDATE_NAMESRV_CONFIG)).toEqual({ code: 0 })
  })
})

describe('GET_NAMESRV_CONFIG', () => {
  test('shows every item on a line of its own', async () => {
    const world = new ProcessorWorld()
    world.items = ['a=1', 'é=中']
    expect(await world.ask(GET_NAMESRV_CONFIG)).toEqual({ code: 0, body: 'a=1\né=中\n' })
  })
})
