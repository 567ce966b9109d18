import { RemotingClientError } from '../remoting/errors.ts'
import { AdminError } from './admin-error.ts'

/** What is said of a change without a response. */
export const UNKNOWN_RESULT = 'it may have been changed'

/**
 * What a change results in. Without a response it is unknown whether the request was carried out: the error says so.
 * @throws {AdminError} (rejects)
 */
export async function applied<Result>(
  change: Promise<Result>,
  interrupted?: Promise<never>,
): Promise<Result> {
  try {
    return await (interrupted === undefined ? change : Promise.race([change, interrupted]))
  } catch (error) {
    if (!(error instanceof AdminError)) throw error
    const { cause } = error
    // Without a connection nothing was sent.
    if (!(cause instanceof RemotingClientError) || cause.code === 'ERR_CONNECT') throw error
    throw new AdminError(error.code, `${error.message}; ${UNKNOWN_RESULT}`)
  }
}
