/**
 * Whether a broker's last heartbeat is longer ago than it should be. A broker may register every 60 s, half of the default timeout of
 * 120 s: the margin is for its delay. Brokers with a short timeout send heartbeats every second.
 */
export function isLate(ageMs: number, timeoutMs: number): boolean {
  return ageMs > timeoutMs / 2 + Math.min(5_000, timeoutMs / 10)
}
