import { type ClientOptions, startProducer, startPushConsumer } from './clients.ts'

/** What became of the messages of one producer. */
export interface Delivery {
  /** Bodies of stored messages, each once. */
  readonly sent: ReadonlySet<string>
  readonly failed: readonly string[]
  /** Bodies that a consumer got, each once. */
  readonly received: ReadonlySet<string>
}

/** Sends `count` messages, and has a push consumer receive them all. */
export async function deliver(client: ClientOptions, count: number): Promise<Delivery> {
  const producer = startProducer({ ...client, count })
  await producer.until('it has sent everything', () => producer.lines.includes('DONE'))
  const consumer = startPushConsumer(client)
  await consumer.until('it has every message', () => new Set(consumer.reported('RECEIVED')).size >= count)
  await consumer.kill()
  return {
    sent: new Set(producer.reported('SENT')),
    failed: producer.reported('FAILED'),
    received: new Set(consumer.reported('RECEIVED')),
  }
}
