/** The decoders alone, in this process: what they make of a stream is also what the server must make of it. */
import { inflateSync } from 'node:zlib'
import { ConfigError } from '../../src/namesrv/config/config-error.ts'
import { parseJavaProperties } from '../../src/namesrv/config/java-properties.ts'
import {
  decodeInflatedRegisterBrokerBody,
  ZLIB_FIRST_BYTE,
} from '../../src/protocol/body/compressed-register-broker-body.ts'
import { decodeDataVersion } from '../../src/protocol/body/data-version.ts'
import {
  decodeTopicConfigWrapper,
  readRegisterBrokerBody,
} from '../../src/protocol/body/register-broker-body.ts'
import { decodeQueueDatas } from '../../src/protocol/body/topic-route-data.ts'
import type { KnownTopics } from '../../src/protocol/body/topic-table.ts'
import { CommandDecoder } from '../../src/protocol/command-decoder.ts'
import { FrameError, JsonError } from '../../src/protocol/errors.ts'
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts'
import { isOneway, isResponse, type RemotingCommand } from '../../src/protocol/remoting-command.ts'

/** The server's defaults. */
const MAX_FRAME_BYTES = 16_777_216
const MAX_HEADER_BYTES = 262_144
const MAX_INFLATED_BYTES = 4 * MAX_FRAME_BYTES

const NOW_MS = 1_700_000_000_000

/** What the server must answer to a stream of frames. */
export interface Prediction {
  /** Opaques of the responses, in their order. */
  readonly opaques: readonly number[]
  /** Whether the stream ends in something that is no frame, at which the server closes. */
  readonly closes: boolean
  /** Frames that could be read. */
  readonly commands: readonly RemotingCommand[]
}

/** Takes a stream apart and reads every body. @throws What no decoder may throw, or an Error if two ways to read disagree. */
export function runDecoders(stream: Buffer, cuts: readonly number[]): Prediction {
  const decoder = new FrameDecoder(MAX_FRAME_BYTES)
  const opaques: number[] = []
  const commands: RemotingCommand[] = []
  const registrations = new RegistrationReader()
  const commandDecoder = new CommandDecoder(MAX_HEADER_BYTES)
  try {
    let from = 0
    for (const cut of [...cuts, stream.length]) {
      decoder.append(stream.subarray(from, cut))
      from = cut
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
        const command = commandDecoder.decode(frame)
        commands.push(command)
        if (!isResponse(command) && !isOneway(command)) opaques.push(command.opaque)
        if (command.body !== null) readBody(command.code, command.body, registrations)
      }
    }
    return { opaques, commands, closes: false }
  } catch (error) {
    if (error instanceof FrameError) return { opaques, commands, closes: true }
    throw error
  }
}

function readBody(code: number, body: Buffer, registrations: RegistrationReader): void {
  try {
    switch (code) {
      case 103:
        registrations.read(body)
        return
      case 217:
        decodeQueueDatas(body)
        return
      case 318:
        parseJavaProperties(body)
        return
      case 322:
        decodeDataVersion(body, NOW_MS)
        return
      default:
    }
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
}

/** What decoders say of bodies that are none. */
function isRefusal(error: unknown): boolean {
  if (error instanceof JsonError || error instanceof ConfigError) return true
  const code = error instanceof Error && 'code' in error ? `${error.code}` : ''
  return code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE'
}

/** Reads registrations in every form that their bytes can have, by themselves and compared with the one before. */
class RegistrationReader {
  #known: KnownTopics | undefined

  read(body: Buffer): void {
    if (body[0] === ZLIB_FIRST_BYTE) {
      const inflated = inflateSync(body, { maxOutputLength: MAX_INFLATED_BYTES })
      for (const withMappings of [false, true]) {
        ignoringRefusals(() => finish(decodeInflatedRegisterBrokerBody(inflated, withMappings, NOW_MS)))
      }
      return
    }
    ignoringRefusals(() => finish(decodeTopicConfigWrapper(body, NOW_MS)))
    const topics = readTable(body)
    if (JSON.stringify(topics) !== JSON.stringify(readTable(body, this.#known)))
      throw new Error('a registration is read in another way if it is compared with the one before')
    if (topics !== undefined && topics.keys === topics.names) this.#known = { body, topics }
  }
}

function readTable(body: Buffer, known?: KnownTopics) {
  return ignoringRefusals(() => finish(readRegisterBrokerBody(body, NOW_MS, known)).topicConfigTable)
}

function ignoringRefusals<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}

function finish<Result>(slices: Generator<undefined, Result, undefined>): Result {
  for (;;) {
    const { done, value } = slices.next()
    if (done === true) return value
  }
}
