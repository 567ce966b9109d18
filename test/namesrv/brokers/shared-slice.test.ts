import { expect, test } from 'vitest'
import { profilePolicy } from '../../../src/access/profiles.ts'
import { BrokerLiveness } from '../../../src/namesrv/brokers/broker-liveness.ts'
import type { RemotingClient } from '../../../src/remoting/client/remoting-client.ts'
import { testContext } from '../../support/test-context.ts'

test('sixteen views that read the tables take no more of a turn of the event loop than one', async () => {
  const tasks: (() => void)[] = []
  const { context, time } = testContext({}, { defer: (task) => void tasks.push(task) })
  const { routeInfo } = new BrokerLiveness(
    context,
    {} as RemotingClient,
    { current: profilePolicy('default') },
    () => {},
  )
  let ended = 0
  function* walk(): Generator<undefined, void, undefined> {
    for (let step = 0; step < 1_000; step++) {
      time.advance(0.01)
      yield
    }
    ended++
  }
  const turnsMs: number[] = []
  let startMs = time.nowMs()
  const reads = Array.from({ length: 16 }, () => routeInfo.read(walk))
  turnsMs.push(time.nowMs() - startMs)
  while (ended < 16) {
    startMs = time.nowMs()
    for (const task of tasks.splice(0)) task()
    turnsMs.push(time.nowMs() - startMs)
    await Promise.resolve()
  }
  await Promise.all(reads)
  expect(Math.max(...turnsMs)).toBeLessThan(2)
})
