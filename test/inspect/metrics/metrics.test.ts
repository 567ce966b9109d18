import { expect, test } from 'vitest'
import { startServer } from '../../support/start-server.ts'

test('x', async () => {
  const { httpPort, connect } = await startServer({ httpListenPort: 'any' })
  const client = await connect()
  await client.request({ code: 105, extFields: { topic: 'Missing' } })
  const response = await fetch(`http://127.0.0.1:${httpPort}/metrics`)
  const text = await response.text()
  console.log(text)
  expect(1).toBe(1)
})
