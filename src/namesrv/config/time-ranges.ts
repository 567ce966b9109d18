/** Longest delay of a timer, in ms; Node would fire a longer one at once. */
export const MAX_TIMER_MS = 2_147_483_647
/** In seconds, with room for what a shutdown adds. */
export const MAX_TIMER_SECONDS = 2_147_000

export const TIME_MS = { unit: 'ms', min: 1, max: MAX_TIMER_MS } as const
export const TIME_SECONDS = { unit: 's', min: 0, max: MAX_TIMER_SECONDS } as const

/** Longest time for which a key that an update may set can make clients wait; brokers register at least once a minute. */
export const MAX_SERVICE_WAIT_SECONDS = 600
export const SERVICE_WAIT_SECONDS = { unit: 's', min: 0, max: MAX_SERVICE_WAIT_SECONDS } as const
/** A day: clients of RocketMQ send something every 30 seconds. */
export const IDLE_SECONDS = { unit: 's', min: 0, max: 86_400 } as const
