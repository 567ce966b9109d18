import { EventStreamParser } from './event-stream-parser.ts'
import { backoffMillis, type ServerEvent, type Store } from './store.ts'

/** The server writes something every 15 seconds; silence for longer is a dead connection. */
const SILENCE_MS = 25_000
/** A stream that ends sooner has failed, though it was opened: a proxy may cut it. */
const STEADY_MS = 5_000
/** A hidden tab keeps the stream for this long, unless another tab begins one. */
const HIDDEN_MS = 60_000
/** Tabs tell each other of it. Browsers open six connections to a server for all tabs together, and a stream takes one. */
const STREAM_CHANNEL = 'mqnamesrv-stream'

/**
 * Follows the events of the server for as long as the page lives, by `fetch`, because an EventSource cannot send a token. It
 * resumes after the last event; what it missed for good makes it read everything again. A tab rests that is opened in the
 * background, is hidden for a minute, or is hidden when another one follows the events.
 * @returns Connects now unless it is connected.
 */
export function followEvents(store: Store): () => void {
  let lastEventId = ''
  let failures = 0
  let abort: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const otherTabs = new BroadcastChannel(STREAM_CHANNEL)

  const connect = async (): Promise<void> => {
    if (store.isPaused) return
    otherTabs.postMessage(undefined)
    const controller = new AbortController()
    abort = controller
    let openedMs: number | undefined
    let silence: ReturnType<typeof setTimeout> | undefined
    const heard = () => {
      store.onStream()
      clearTimeout(silence)
      silence = setTimeout(() => controller.abort(), SILENCE_MS)
    }
    silence = setTimeout(() => controller.abort(), SILENCE_MS)
    try {
      const headers = {
        Accept: 'text/event-stream',
        ...(lastEventId !== '' && { 'Last-Event-ID': lastEventId }),
      }
      const response = await store.fetch('api/v1/watch', headers, controller.signal)
      if (!response.ok || response.body === null) throw new Error(`status ${response.status}`)
      openedMs = performance.now()
      store.setStreaming(true)
      const parser = new EventStreamParser(({ event, data }) => {
        if (event === '') store.onEvent(JSON.parse(data) as ServerEvent)
        else if (event === 'reset') store.refresh()
      })
      const decoder = new TextDecoder()
      const reader = response.body.getReader()
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        heard()
        parser.push(decoder.decode(part.value, { stream: true }))
        lastEventId = parser.lastEventId
      }
    } catch {
      // As an end: it is opened again.
    } finally {
      failures = openedMs !== undefined && performance.now() - openedMs >= STEADY_MS ? 0 : failures + 1
      clearTimeout(silence)
      controller.abort()
      if (abort === controller) abort = undefined
      store.setStreaming(false)
      if (!store.isPaused) timer = setTimeout(() => void connect(), backoffMillis(failures))
    }
  }

  const resume = () => {
    clearTimeout(timer)
    if (abort === undefined) void connect()
  }

  let hidden: ReturnType<typeof setTimeout> | undefined
  const isHidden = () => document.visibilityState === 'hidden'
  const rest = () => {
    clearTimeout(hidden)
    store.setResting(true)
    abort?.abort()
  }
  const onVisibility = () => {
    clearTimeout(hidden)
    if (isHidden()) hidden = setTimeout(rest, HIDDEN_MS)
    else {
      store.setResting(false)
      resume()
    }
  }
  otherTabs.addEventListener('message', () => {
    if (isHidden()) rest()
  })
  // The network has changed, and a connection of before may be dead without a sign.
  const onOnline = () => {
    abort?.abort()
    resume()
    store.refresh()
  }
  document.addEventListener('visibilitychange', onVisibility)
  addEventListener('online', onOnline)
  if (isHidden()) rest()
  else resume()
  return resume
}
