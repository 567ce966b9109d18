/** More than the clocks of a system differ by between two readings. */
const LEAP_MS = 1_000

let aheadMs = Date.now() - performance.now()
let originMs = aheadMs

/**
 * Milliseconds since the epoch by the browser's clock when the page was opened. Setting that clock back changes nothing, so an age is
 * never too low.
 */
export function steadyNowMs(): number {
  const monotonicMs = performance.now()
  const leapMs = Date.now() - monotonicMs - aheadMs
  aheadMs += leapMs
  // While the machine sleeps, only the system's clock counts on.
  if (leapMs > LEAP_MS) originMs += leapMs
  return originMs + monotonicMs
}
