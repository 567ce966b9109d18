import { CodedError } from '../common/coded-error.ts'

/**
 * Why a view cannot be given.
 *
 * - `ERR_BAD_REQUEST`: a parameter that the view does not have, a value that it does not accept, or a name that is missing in the path
 * - `ERR_NOT_FOUND`: what the path names does not exist
 * - `ERR_UNAVAILABLE`: the server is busy, or an observed NameServer has not been read; ask again later
 */
export type ViewErrorCode = 'ERR_BAD_REQUEST' | 'ERR_NOT_FOUND' | 'ERR_UNAVAILABLE'

/** A view cannot be given. */
export class ViewError extends CodedError<ViewErrorCode> {}
