import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'
import { readTlsSettings } from '../../../src/namesrv/tls/tls-settings.ts'
import { temporaryFolder } from '../../support/start-server.ts'

test('all invalid values of tls.config.file are reported at once, asterisks for a password among them', () => {
  const path = join(temporaryFolder(), 'tls.properties')
  writeFileSync(
    path,
    'tls.server.keyPassword=******\ntls.server.authClient=perhaps\ntls.server.need.client.auth=none',
  )
  const { configuration } = Configuration.resolve({
    args: [{ key: 'tls.config.file', value: path }],
    homeDirectory: '/home/user',
    processors: 2,
  })
  expect(() => readTlsSettings(configuration)).toThrow(
    expect.objectContaining({
      problems: [
        `${path}:1: tls.server.keyPassword=(hidden) is ******, which is shown in place of a secret; set the secret itself`,
        `${path}:2: tls.server.authClient="perhaps" must be true or false`,
      ],
    }),
  )
})
