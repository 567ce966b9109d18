import type { TimeSlicer } from '../common/time-slicer.ts'
import {
  decodeInflatedRegisterBrokerBody,
  ZLIB_FIRST_BYTE,
} from '../protocol/body/compressed-register-broker-body.ts'
import {
  decodeTopicConfigWrapper,
  emptyRegisterBrokerBody,
  type RegisterBrokerBody,
  readRegisterBrokerBody,
} from '../protocol/body/register-broker-body.ts'
import { JsonError, RemotingCommandError } from '../protocol/errors.ts'
import { MQVersion } from '../protocol/mq-version.ts'
import type { RemotingCommand } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { booleanField } from './request-fields.ts'

/** What reading a body needs. */
export interface ReadBodyOptions {
  readonly slicer: TimeSlicer
  readonly nowMs: number
  /** Inflates a compressed body. */
  readonly inflate: (body: Buffer) => Promise<Buffer>
  /** See {@link readTopicTable}. */
  readonly expectedNames: readonly string[] | undefined
}

/** Reads the body of a registration, in any of its forms. @throws {RemotingCommandError} (rejects) */
export async function readRegistrationBody(
  request: RemotingCommand,
  options: ReadBodyOptions,
): Promise<RegisterBrokerBody> {
  try {
    return await readBody(request, options)
  } catch (error) {
    if (error instanceof JsonError || isZlibError(error)) throw notDecodable(error.message, error)
    throw error
  }
}

function notDecodable(reason: string, cause?: Error): RemotingCommandError {
  const remark = `Failed to decode RegisterBrokerBody: ${reason}`
  return new RemotingCommandError(ResponseCode.SYSTEM_ERROR, remark, { cause })
}

async function readBody(
  { body, version, extFields }: RemotingCommand,
  { slicer, nowMs, inflate, expectedNames }: ReadBodyOptions,
): Promise<RegisterBrokerBody> {
  if (version < 0) throw notDecodable(`version ${version} is negative`)
  const isBareWrapper = version < MQVersion.V3_0_11
  if (body === null) return emptyRegisterBrokerBody(isBareWrapper ? null : [])
  if (isBareWrapper) return slicer.run(decodeTopicConfigWrapper(body, nowMs, expectedNames))
  // Brokers of 5.x with compressedRegister=true compress the body but say they did not, and Java rejects them.
  const isCompressed = booleanField(extFields, 'compressed') === true || body[0] === ZLIB_FIRST_BYTE
  if (!isCompressed) return slicer.run(readRegisterBrokerBody(body, nowMs, expectedNames))
  const inflated = await inflate(body)
  const withMappings = version >= MQVersion.V5_0_0
  return slicer.run(decodeInflatedRegisterBrokerBody(inflated, withMappings, nowMs))
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && `${error.code}`.startsWith('Z_')
}
