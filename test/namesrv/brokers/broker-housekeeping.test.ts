import { expect, test } from 'vitest'
import { LogThrottle } from '../../../src/common/log-throttle.ts'
import { BrokerHousekeepingService } from '../../../src/namesrv/brokers/broker-housekeeping-service.ts'
import { RejectionLog } from '../../../src/namesrv/logs/rejection-log.ts'
import { Counters } from '../../../src/stats/counters.ts'
import { RecentEvents } from '../../../src/stats/recent-events.ts'
import { managerWith, openChannel, registration, topicTable } from '../../routeinfo/support.ts'
import { ManualTime } from '../../support/manual-time.ts'
import { recordingLogger } from '../../support/recording-logger.ts'

const ROUND_MS = 30_000
const MANY = topicTable(Array.from({ length: 500 }, (_, index) => `T${index}`))
const reader = openChannel(99)

function world() {
  const time = new ManualTime()
  const { logger } = recordingLogger()
  const [counters, events, nowMs] = [new Counters(), new RecentEvents(), () => time.nowMs()]
  const throttle = new LogThrottle({ logger, nowMs, after: (delayMs, task) => time.after(delayMs, task) })
  const { manager, effects, turns } = managerWith('finest', {
    onClosedMeanwhile: (channelId) => housekeeping.onClosed(channelId),
  })
  const housekeeping: BrokerHousekeepingService = new BrokerHousekeepingService({
    routeInfo: manager,
    throttle,
    rejections: new RejectionLog({ counters, events, logger, throttle }),
    defer: (task) => turns.defer(task),
    registrationRoundMs: ROUND_MS,
    ...{ logger, counters, events, nowMs },
  })
  /** A connection that closes while its registration is in its slices. */
  const closeWhileRegistering = async (): Promise<void> => {
    const channel = openChannel(1)
    const given = { generation: manager.nextGeneration(), topicConfigTable: MANY, nowMs: nowMs() }
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

test('a broker whose connection closes while it registers is gone when it has registered', async () => {
  const { closeWhileRegistering, isThere } = world()
  await closeWhileRegistering()
  expect(await isThere()).toBe(false)
})

test('but stays while the server shuts down', async () => {
  const { housekeeping, closeWhileRegistering, isThere } = world()
  housekeeping.keepBrokers()
  await closeWhileRegistering()
  expect(await isThere()).toBe(true)
})

test('and after a standstill has a round to register again', async () => {
  const { time, turns, housekeeping, closeWhileRegistering, isThere } = world()
  housekeeping.catchUp()
  await closeWhileRegistering()
  time.advance(ROUND_MS - 1)
  housekeeping.removeLostMeanwhile()
  await turns.all()
  expect(await isThere()).toBe(true)
  time.advance(1)
  housekeeping.removeLostMeanwhile()
  await turns.all()
  expect(await isThere()).toBe(false)
})

test('a broker that registers while the process is paused has its whole timeout from the end of the pause', async () => {
  const { time, manager, turns } = world()
  const given = {
    generation: manager.nextGeneration(),
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
