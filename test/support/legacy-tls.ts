import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPrivateKey } from '../../src/namesrv/tls/private-key.ts'

const folder = join(import.meta.dirname, '../fixtures/legacy-tls')

/** The path of a key or certificate of `test/fixtures/legacy-tls`. */
export function legacyPath(name: string): string {
  return join(folder, name)
}

/** Its content. */
export function legacyFile(name: string): Buffer {
  return readFileSync(legacyPath(name))
}

/** The password of every key there. */
export const LEGACY_PASSWORD = 'secret'

/** A key of that folder without its encryption, which Node.js does not know. */
export function legacyKey(name: string): string {
  return readPrivateKey({
    pem: legacyFile(name),
    path: legacyPath(name),
    passwordKey: 'tls.client.keyPassword',
    password: LEGACY_PASSWORD,
  })
}
