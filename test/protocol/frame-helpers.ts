/** Small helpers of the protocol tests. */

import type { TopicQueues } from '../../src/protocol/body/topic-config.ts'
import type { TopicTable } from '../../src/protocol/body/topic-table.ts'
import { CommandDecoder } from '../../src/protocol/command-decoder.ts'
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts'
import type { RemotingCommand } from '../../src/protocol/remoting-command.ts'

/** RocketMQ's default limit of a frame with its length word. */
export const MAX_FRAME_BYTES = 16_777_216

/** Every frame that a decoder gives for the chunks, appended one after the other. */
export function framesOf(chunks: Iterable<Buffer>, maxFrameBytes = MAX_FRAME_BYTES): Buffer[] {
  const decoder = new FrameDecoder(maxFrameBytes)
  const frames: Buffer[] = []
  for (const chunk of chunks) {
    decoder.append(chunk)
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame)
  }
  return frames
}

/** Each byte as a chunk of its own. */
export function* byteByByte(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1)
}

const decoder = new CommandDecoder()

/** The command in a frame. */
export function commandOf(frame: Buffer): RemotingCommand {
  return decoder.decode(frame)
}

/** Runs a sliced reading to its end. */
export function finish<Result>(slices: Generator<undefined, Result, undefined>): Result {
  for (;;) {
    const step = slices.next()
    if (step.done === true) return step.value
  }
}

/** A buffer of hex text with blanks wherever they help. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
}

/** An int32, big-endian. */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** A topic of a registration. */
export type Topic = TopicQueues & { readonly topicName: string }

/** The topics of a registration by their keys, to be compared. */
export function topicMap({ keys, names, queues }: TopicTable): Map<string, Topic> {
  return new Map(keys.map((key, index) => [key, { topicName: names[index], ...queues[index] } as Topic]))
}
