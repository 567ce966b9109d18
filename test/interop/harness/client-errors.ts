/** A NameServer that was stopped and started again: from the signal until the new one served. */
export interface Absence {
  /** `host:port`. */
  readonly address: string
  readonly fromMs: number
  readonly toMs: number
}

/**
 * The errors in what a Java client logged, each with the next line, which has the exception.
 *
 * Left out are periodic lookups under way when their connection closed, which docs/reliability.md does not promise: those that the client
 * could not send, and in 4.x, which waits for the response nevertheless, those sent while that NameServer was absent.
 *
 * @param earlier - Lines that do not count: a client that starts on a busy machine may be too slow for its own timeouts.
 */
export function clientErrors(
  lines: readonly string[],
  absences: readonly Absence[],
  earlier: ReadonlySet<string> = new Set(),
): string[] {
  return lines.flatMap((line, index) => {
    const cause = lines[index + 1] ?? ''
    if (!/\bERROR\b/.test(line) || earlier.has(line) || isLookupAtClose(line, cause, absences)) return []
    return [`${line}\n${cause}`]
  })
}

function isLookupAtClose(line: string, cause: string, absences: readonly Absence[]): boolean {
  if (!line.includes('updateTopicRouteInfoFromNameServer')) return false
  if (cause.includes('RemotingSendRequestException')) return true
  const [, address, waitedMs] =
    /RemotingTimeoutException: wait response on the channel <(.+)> timeout, (\d+)\(ms\)/.exec(cause) ?? []
  const sentMs = loggedMs(line) - Number(waitedMs)
  return absences.some(
    (absence) => absence.address === address && absence.fromMs <= sentMs && sentMs <= absence.toMs,
  )
}

/** When a line of 4.x was logged; not a number for 5.x, whose lines have no milliseconds. */
function loggedMs(line: string): number {
  const [, day, time, ms] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d),(\d{3}) /.exec(line) ?? []
  return new Date(`${day}T${time}.${ms}`).getTime()
}
