import { expect, test } from 'vitest'
import { BrokerHousekeepingService } from '../../../src/namesrv/brokers/broker-housekeeping-service.ts'
import { managerWith, openChannel, registration, topicTable } from '../../routeinfo/route-helpers.ts'
import { testContext } from '../../support/test-context.ts'

const ROUND_MS = 30_000
const MANY = topicTable(Array.from({ length: 500 }, (_, index) => `T${index}`))
const reader = openChannel(99)

function world() {
  const { manager, effects, turns } = managerWith('finest', {
    onClosedMeanwhile: (channelId) => housekeeping.onClosed(channelId),
  })
  const { context, time } = testContext(
    { registrationRoundMillis: `${ROUND_MS}` },
    { defer: (task) => turns.defer(task) },
  )
  const housekeeping: BrokerHousekeepingService = new BrokerHousekeepingService(context, manager)
  /** A connection that closes between the slices of its registration. */
  const closeWhileRegistering = async (): Promise<void> => {
    const channel = openChannel(1)
    const given = { generation: manager.queue.nextGeneration(), topicConfigTable: MANY, nowMs: time.nowMs() }
    const registered = manager.registerBroker(registration(given), false, channel)
    await turns.next()
    channel.closed = true
    housekeeping.onChannelClose(channel)
    await turns.all()
    await registered
    await turns.all()
  }
  const isThere = async () => (await manager.getBrokerMemberGroup('broker-a', reader)).size > 0
  return { time, manager, effects, turns, housekeeping, closeWhileRegistering, isThere }
}

test('a broker whose connection closes during its registration is removed after it', async () => {
  const { closeWhileRegistering, isThere } = world()
  await closeWhileRegistering()
  expect(await isThere()).toBe(false)
})

test('a broker whose connection closes during its registration stays while the server shuts down', async () => {
  const { housekeeping, closeWhileRegistering, isThere } = world()
  housekeeping.keepBrokers()
  await closeWhileRegistering()
  expect(await isThere()).toBe(true)
})

test('a broker whose connection closes during its registration has a round to register again after a pause', async () => {
  const { time, turns, housekeeping, closeWhileRegistering, isThere } = world()
  housekeeping.onPause()
  await closeWhileRegistering()
  time.advance(ROUND_MS - 1)
  housekeeping.removeLostInPause()
  await turns.all()
  expect(await isThere()).toBe(true)
  time.advance(1)
  housekeeping.removeLostInPause()
  await turns.all()
  expect(await isThere()).toBe(false)
})

test('a broker that registers while the process is paused has its whole timeout from the end of the pause', async () => {
  const { time, manager, turns } = world()
  const given = {
    generation: manager.queue.nextGeneration(),
    topicConfigTable: MANY,
    nowMs: time.nowMs(),
    heartbeatTimeoutMs: 10_000,
  }
  const registered = manager.registerBroker(registration(given), false, openChannel(1))
  await turns.next()
  time.holdUp(600_000)
  manager.extendTimeouts(600_000, time.nowMs())
  await turns.all()
  await registered
  expect(manager.scanNotActiveBroker(time.nowMs() + 10_000)).toEqual([])
  expect(manager.scanNotActiveBroker(time.nowMs() + 10_001)).toHaveLength(1)
})
