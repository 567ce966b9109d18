import { expect, test } from 'vitest'
import { registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'

test('a server evaluates findings every five seconds, and shows them at its HTTP port', async () => {
  const { time, httpPort, connect, controller } = await startServer({ httpListenPort: 'any' })
  const broker = await connect()
  await broker.request(registration({ id: 1 }))
  const findings = async () => {
    const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/findings`)
    return ((await response.json()) as { findings: object[] }).findings
  }
  expect(await findings()).toEqual([])
  time.advance(60_000)
  await broker.request(registration({ id: 1 }))
  for (let seconds = 0; seconds < 15; seconds += 5) {
    time.advance(5_000)
    await findings()
  }
  expect(await findings()).toMatchObject([{ rule: 'missing_master_address', subject: 'broker-a' }])
  expect(controller.events.counts.get('finding_raised')).toBe(1)
})
