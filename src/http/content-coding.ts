import { constants, gzip } from 'node:zlib'
import type { WholeResponse } from './http-server.ts'

/** A smaller body fits into two packets anyway. */
const MIN_COMPRESSED_BYTES = 2 * 1024

/** Whether Accept-Encoding names a coding, and not to exclude it (`q=0`). */
export function accepts(header: string | undefined, coding: string): boolean {
  return (header ?? '').split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })
}

/**
 * Compresses a large body for a client that accepts gzip, in another thread: views and metrics of a large cluster become a tenth as
 * long. Their ETag becomes a weak one, since there are two forms of the same version.
 * @param response - Not a file of the page, which has its own compressed copies.
 */
export async function compressed(
  response: WholeResponse,
  acceptEncoding: string | undefined,
): Promise<WholeResponse> {
  const { body, headers } = response
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  if (bytes.length < MIN_COMPRESSED_BYTES || headers?.['Vary'] !== undefined) return response
  const varying = { ...response, body: bytes, headers: { ...headers, Vary: 'Accept-Encoding' } }
  if (!accepts(acceptEncoding, 'gzip')) return varying
  return {
    ...varying,
    body: await gzipped(bytes),
    isWeak: true,
    headers: { ...varying.headers, 'Content-Encoding': 'gzip' },
  }
}

function gzipped(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(bytes, { level: constants.Z_BEST_SPEED }, (error, result) =>
      error === null ? resolve(result) : reject(error),
    )
  })
}
