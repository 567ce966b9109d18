import { RemotingCommandError } from '../protocol/errors.ts'
import type { Processor, RequestContext } from '../protocol/processor.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { SUCCESS } from './request-fields.ts'

/** The server's own configuration, as far as requests can read and change it. */
export interface NamesrvConfiguration {
  /** All items as lines of a `.properties` file, in the order of their keys; secrets are hidden. */
  items(): readonly string[]
  /**
   * Applies and stores an update; updates are applied one after the other.
   * @param properties - Text of a `.properties` file.
   * @param sender - Of the request that brought it.
   * @returns The outcome, once it is stored; nothing has changed unless it is `taken`.
   * @throws {LimitError} (rejects)
   */
  update(properties: Buffer, sender: RequestContext): Promise<ConfigUpdateOutcome>
}

/**
 * - `malformed`: not the text of a `.properties` file
 * - `black-listed`: it names a key of the black list
 * - `forbidden`: it names a key that no update may set
 * - `rejected`: for the given reason
 */
export type ConfigUpdateOutcome =
  | { readonly kind: 'taken' /** A warning for the sender. */; readonly remark?: string | undefined }
  | RejectedConfigUpdate

/** Why an update changes nothing. */
export interface RejectedConfigUpdate {
  readonly kind: 'malformed' | 'black-listed' | 'forbidden' | 'rejected'
  readonly reason: string
  /** The error that kept it from being stored. */
  readonly cause?: unknown
}

/** @see DefaultRequestProcessor#updateConfig in apache/rocketmq */
export function updateNamesrvConfig(configuration: NamesrvConfiguration): Processor {
  return async ({ body }, context) => {
    if (body === null) return SUCCESS
    const outcome = await configuration.update(body, context)
    switch (outcome.kind) {
      case 'taken':
        return outcome.remark === undefined ? SUCCESS : { ...SUCCESS, remark: outcome.remark }
      case 'malformed':
        return { code: ResponseCode.SYSTEM_ERROR, remark: 'string2Properties error' }
      case 'black-listed':
        return { code: ResponseCode.NO_PERMISSION, remark: 'Can not update config in black list.' }
      case 'forbidden':
        return { code: ResponseCode.NO_PERMISSION, remark: outcome.reason }
      case 'rejected':
        throw new RemotingCommandError(ResponseCode.SYSTEM_ERROR, outcome.reason, { cause: outcome.cause })
      default:
        return outcome satisfies never
    }
  }
}

/** @see DefaultRequestProcessor#getConfig in apache/rocketmq */
export function getNamesrvConfig(configuration: NamesrvConfiguration): Processor {
  return () => ({
    code: ResponseCode.SUCCESS,
    body: Buffer.from(
      configuration
        .items()
        .map((item) => `${item}\n`)
        .join(''),
    ),
  })
}
