import { constants, gzip } from 'node:zlib'
import type { WholeResponse } from './http-server.ts'

/** A smaller body fits into two packets anyway. */
const MIN_COMPRESSED_BYTES = 2 * 1024

/** Whether Accept-Encoding accepts a coding (`q=0` excludes it). */
export function accepts(header: string | undefined, coding: string): boolean {
  return (header ?? '').split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })
}

/**
 * Compresses a large body for a client that accepts gzip, in another thread: views and metrics of a large cluster become a fraction as
 * long. Their ETag becomes a weak one, since there are two forms of the same version.
 */
export async function compressed(
  response: WholeResponse,
  acceptEncoding: string | undefined,
): Promise<WholeResponse> {
  const { body, headers } = response
  const isCompressed = headers?.['Content-Encoding'] !== undefined
  if (isCompressed || Buffer.byteLength(body) < MIN_COMPRESSED_BYTES || !accepts(acceptEncoding, 'gzip'))
    return response
  return {
    ...response,
    body: await gzipped(body),
    isWeak: true,
    headers: { ...headers, 'Content-Encoding': 'gzip' },
  }
}

function gzipped(body: string | Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(body, { level: constants.Z_BEST_SPEED }, (error, result) =>
      error === null ? resolve(result) : reject(error),
    )
  })
}
