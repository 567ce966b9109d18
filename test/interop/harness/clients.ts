import { ChildProgram } from './child-program.ts'
import { javaArguments } from './java.ts'
import type { Release } from './packages.ts'

export interface ClientOptions {
  readonly release: Release
  readonly nameServers: readonly string[]
  readonly topic: string
  readonly javaOptions?: readonly string[]
}

/**
 * A producer: `SENT body` for each stored message, `FAILED body reason` for any other, `DONE`.
 *
 * @param count - Number of messages; 0 sends until `finish()`.
 */
export function startProducer({
  count,
  pauseMs = 0,
  ...options
}: ClientOptions & { count: number; pauseMs?: number }): ChildProgram {
  return startClient('producer', 'InteropProducer', options, [String(count), String(pauseMs)])
}

/** A push consumer from the topic's beginning on: `RECEIVED body` for each message, until `finish()`. */
export function startPushConsumer(options: ClientOptions): ChildProgram {
  return startClient('consumer', 'InteropPushConsumer', options, [])
}

/**
 * A producer that sends the messages of each key to one queue; `write('3\\n')` makes it send three of each key:
 * `SENT key/number broker` or `FAILED key/number broker` each, then `QUEUES broker:queue,...` (the choice that the last
 * message had) and `DONE 3`.
 */
export function startOrderedProducer({
  keys,
  ...options
}: ClientOptions & { readonly keys: number }): ChildProgram {
  return startClient('ordered-producer', 'InteropOrderedProducer', options, [String(keys)])
}

/** A consumer that takes each queue in order, from the beginning on: `RECEIVED body` for each, until `finish()`. */
export function startOrderlyConsumer(options: ClientOptions): ChildProgram {
  return startClient('orderly-consumer', 'InteropOrderlyConsumer', options, [])
}

function startClient(
  kind: string,
  mainClass: string,
  options: ClientOptions,
  args: readonly string[],
): ChildProgram {
  const { release, nameServers, topic, javaOptions = [] } = options
  return new ChildProgram({
    name: `${kind}-${release}`,
    command: 'java',
    args: (home) =>
      javaArguments(home, {
        release,
        mainClass,
        maxHeap: '128m',
        // Queues are shared out again every half second instead of every 20, so that a new topic is consumed at once.
        options: ['-Drocketmq.client.rebalance.waitInterval=500', ...javaOptions],
        args: [nameServers.join(';'), topic, ...args],
      }),
  })
}
