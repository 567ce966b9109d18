import { readFileSync } from 'node:fs'
import { TlsContextError } from './tls-context-error.ts'

/**
 * Reads a file that a key names; no name, no content.
 * @throws {TlsContextError} `ERR_TLS_FILE`
 */
export function readTlsFile(key: string, path: string | undefined): Buffer | undefined {
  if (path === undefined || path === '') return undefined
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new TlsContextError('ERR_TLS_FILE', `cannot read ${key}: ${(cause as Error).message}`, { cause })
  }
}

/** A text that is set, and not to nothing. */
export function textOrNothing(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
