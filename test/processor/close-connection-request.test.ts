import { expect, test } from 'vitest'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { ProcessorWorld } from './processor-world.ts'

const NAMED = { ext: { connectionId: '7', address: '10.0.0.1:7' } }

test('CLOSE_CONNECTION closes the connection that has the id and the address', async () => {
  const world = new ProcessorWorld()
  world.connections.set(7, '10.0.0.1:7')
  expect(await world.ask(RequestCode.CLOSE_CONNECTION, NAMED)).toEqual({ code: 0 })
  expect(world.logged).toEqual(['connection closed'])
})
