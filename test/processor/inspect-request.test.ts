import { expect, test } from 'vitest'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { ProcessorWorld } from './processor-world.ts'

const ask = (world: ProcessorWorld) => world.ask(RequestCode.INSPECT, { ext: { path: '/api/v1/status?x=1' } })

test('INSPECT answers with the JSON of its path, query included, and the status of HTTP', async () => {
  const world = new ProcessorWorld()
  world.inspect = (target) => ({ status: 200, body: Buffer.from(`{"target":"${target}"}`) })
  const response = await ask(world)
  expect(response.code).toBe(0)
  expect(response).toMatchObject({ ext: { status: '200' }, body: '{"target":"/api/v1/status?x=1"}' })
})

test('INSPECT answers an unknown path with QUERY_NOT_FOUND and the reason', async () => {
  const world = new ProcessorWorld()
  world.inspect = () => ({ status: 404, body: Buffer.from('{"error":{}}\n') })
  expect(await ask(world)).toMatchObject({ code: 22, remark: '{"error":{}}' })
})

test('INSPECT gets SYSTEM_BUSY while the server is busy', async () => {
  const world = new ProcessorWorld()
  world.inspect = () => ({ status: 503, body: Buffer.from('{"error":{}}\n') })
  expect(await ask(world)).toMatchObject({ code: 2, remark: '{"error":{}}' })
})
