/** A client that polls the routes of its topics, as producers and consumers do. */
import { setTimeout as delay } from 'node:timers/promises'
import { Line } from '../support/line.ts'
import type { Histogram } from './figures.ts'
import { type Topic, wrongRoute } from './truth.ts'

const GET_ROUTEINFO_BY_TOPIC = 105

/** A client restarts after this many rounds on average. */
const ROUNDS_OF_A_LIFE = 20

export interface ClientPlace {
  readonly port: number
  readonly localAddress: string
  /** Each topic is asked for once in this time. */
  readonly periodMs: number
  /** Draws the topics of a life. */
  readonly drawTopics: () => readonly Topic[]
  readonly isOver: () => boolean
  readonly latencies: Histogram
  readonly onReconnect: () => void
  readonly onError: (error: string) => void
}

/** Lives of one client, one after the other, until it is over. The first connection is there when this resolves. */
export async function startClient(place: ClientPlace): Promise<{ readonly done: Promise<void> }> {
  const line = await connect(place)
  return { done: lives(place, line) }
}

function connect({ port, localAddress, onError }: ClientPlace): Promise<Line> {
  return Line.open(port, localAddress, (error) => onError(`a client: ${error.message}`))
}

async function lives(place: ClientPlace, first: Line): Promise<void> {
  let line = first
  // Not all at the same time.
  await delay(Math.random() * place.periodMs)
  try {
    while (!place.isOver()) {
      await life(place, line)
      line.close()
      if (place.isOver()) break
      place.onReconnect()
      line = await connect(place)
    }
  } catch (error) {
    place.onError(`a client: ${(error as Error).message}`)
  } finally {
    line.close()
  }
}

async function life(place: ClientPlace, line: Line): Promise<void> {
  const topics = place.drawTopics()
  do {
    const roundMs = performance.now()
    for (const topic of topics) {
      const askedMs = performance.now()
      const answer = await line.ask({ code: GET_ROUTEINFO_BY_TOPIC, fields: { topic: topic.name } })
      place.latencies.add(performance.now() - askedMs)
      const wrong = wrongRoute(topic, answer, askedMs)
      if (wrong !== undefined) place.onError(wrong)
    }
    await delay(Math.max(0, place.periodMs - (performance.now() - roundMs)))
  } while (!place.isOver() && Math.random() > 1 / ROUNDS_OF_A_LIFE)
}
