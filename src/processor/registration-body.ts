import type { MaybePromise, TimeSlicer } from '../common/time-slicer.ts'
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
import type { TopicTableOffsets } from '../protocol/body/topic-table-offsets.ts'
import { JsonError, RemotingCommandError } from '../protocol/errors.ts'
import { MQVersion } from '../protocol/mq-version.ts'
import type { RemotingCommand } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { RegistrationBaseline } from '../routeinfo/registration.ts'
import type { BodyForm, KnownRegistration } from './registration-cache.ts'
import { booleanField } from './request-fields.ts'

/** What reading a body needs. */
export interface BodyOptions {
  readonly slicer: TimeSlicer
}

/** A body that has been read, wholly or as far as it differs from the one before. */
export interface RegistrationBody {
  readonly body: RegisterBrokerBody
  /** As it came. */
  readonly bytes: Buffer | null
  readonly places?: TopicTableOffsets | undefined
  /** What the registration that it was compared with left, if only what differs was read. */
  readonly since?: RegistrationBaseline | undefined
}

/** How a body is to be read; undefined if that is not to be told. */
export function bodyForm({ body, version, extFields }: RemotingCommand): BodyForm | undefined {
  if (version < 0) return undefined
  if (version < MQVersion.V3_0_11) return 'wrapper'
  // Brokers of 5.x with compressedRegister=true compress the body but say they did not, and Java refuses them.
  const compressed = booleanField(extFields, 'compressed') === true || body?.[0] === ZLIB_FIRST_BYTE
  if (!compressed) return 'json'
  return version >= MQVersion.V5_0_0 ? 'compressed with mappings' : 'compressed'
}

/** A body that says the same as the one before. */
export function repeatedBody({
  bytes,
  dataVersion,
  filterServerList,
  places,
  mark,
}: KnownRegistration): RegistrationBody {
  const body = { ...emptyRegisterBrokerBody(filterServerList), dataVersion }
  return { body, bytes, places, since: mark }
}

/** Reads what is not as it was the last time; undefined if the whole is needed. @throws {RemotingCommandError} (rejects) */
export async function readChanges(
  known: KnownRegistration | undefined,
  bytes: Buffer | null,
  nowMs: number,
  { slicer }: BodyOptions,
): Promise<RegistrationBody | undefined> {
  const places = known?.places
  if (places === undefined || bytes === null) return undefined
  const read = await reading(() => slicer.run(readRegisterBrokerBody(bytes, nowMs, places)))
  return { ...read, bytes, since: read.onlyChanges ? known?.mark : undefined }
}

/** Reads the whole body. @throws {RemotingCommandError} (rejects) */
export function readWhole(
  form: BodyForm,
  bytes: Buffer | null,
  nowMs: number,
  { slicer }: BodyOptions,
  inflate: (body: Buffer) => Promise<Buffer>,
): Promise<RegistrationBody> {
  return reading(async () => {
    if (bytes === null) return { body: emptyRegisterBrokerBody(form === 'wrapper' ? null : []), bytes }
    if (form === 'json') return { ...(await slicer.run(readRegisterBrokerBody(bytes, nowMs))), bytes }
    if (form === 'wrapper') return { body: await slicer.run(decodeTopicConfigWrapper(bytes, nowMs)), bytes }
    const inflated = await inflate(bytes)
    const withMappings = form === 'compressed with mappings'
    return { body: await slicer.run(decodeInflatedRegisterBrokerBody(inflated, withMappings, nowMs)), bytes }
  })
}

/** What is wrong with a body becomes the answer. @throws {RemotingCommandError} (rejects) */
async function reading<Result>(read: () => MaybePromise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof JsonError || isZlibError(error)) throw bodyError(error)
    throw error
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && `${error.code}`.startsWith('Z_')
}

/** The answer to a body that cannot be read. */
export function bodyError(cause: unknown): RemotingCommandError {
  const remark = `Failed to decode RegisterBrokerBody: ${(cause as Error).message}`
  return new RemotingCommandError(ResponseCode.SYSTEM_ERROR, remark, { cause })
}
