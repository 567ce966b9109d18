import type { Clock, Scheduler } from './time.ts'

/** The machine's monotonic clock. */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
}

/** Node's timers. Periodic ones do not keep the process alive. */
export const systemScheduler: Scheduler = {
  every: (periodMs, task) => {
    const timer = setInterval(task, periodMs)
    timer.unref()
    return () => clearInterval(timer)
  },
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
  defer: (task, minMs = 0) => {
    if (minMs === 0) setImmediate(task)
    else setTimeout(task, minMs)
  },
}
