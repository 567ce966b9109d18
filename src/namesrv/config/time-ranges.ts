/** Longest delay of a timer, in ms; Node would fire a longer one at once. */
export const MAX_TIMER_MS = 2_147_483_647
/** In seconds, with room for what a shutdown adds. */
export const MAX_TIMER_SECONDS = 2_147_000

export const TIME_MS = { unit: 'ms', min: 1, max: MAX_TIMER_MS } as const
export const TIME_SECONDS = { unit: 's', min: 0, max: MAX_TIMER_SECONDS } as const
