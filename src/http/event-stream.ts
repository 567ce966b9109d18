/** One message of a stream of server-sent events. */
export interface ServerSentEvent {
  /** Empty for a message without a type. */
  readonly event: string
  readonly data: string
  /** Empty if it has none. */
  readonly id: string
}

/**
 * The text of a message.
 * @see WHATWG HTML, server-sent events
 */
export function eventText({ event, data, id }: ServerSentEvent): string {
  const lines = data.split('\n').map((line) => `data: ${line}\n`)
  return `${id === '' ? '' : `id: ${id}\n`}${event === '' ? '' : `event: ${event}\n`}${lines.join('')}\n`
}

/** A line that clients ignore; it keeps connections open that a proxy would take for idle. */
export const HEARTBEAT = ':\n\n'
