import { randomBytes } from 'node:crypto'
import { text as textOf } from 'node:stream/consumers'
import { getHeapSnapshot } from 'node:v8'
import { expect, test } from 'vitest'
import { readAccessFile } from '../../src/access/access-file.ts'

/** @param secret - In parts, so that the whole is only in the file. */
function policyWith(secret: readonly string[]) {
  const text = `accounts:
  - accessKey: name-of-an-account
    secretKey: "${secret.join('')}"
    from: [network-of-operators]
    roles: [role-of-operators]
networks: { network-of-operators: 10.0.0.0/8 }
rules:
  - { allow: [admin], who: { account: name-of-an-account }, from: network-of-operators, topics: [topics-of-operators-*] }
`
  return readAccessFile(text, { profile: 'default', readSecret: String }).policy
}

test('a policy keeps no text of the access file in memory, as its secrets would be in heap dumps', async () => {
  const secret = [randomBytes(8).toString('hex'), randomBytes(8).toString('hex')]
  const policy = policyWith(secret)
  const snapshot = await textOf(getHeapSnapshot())
  expect(snapshot.includes(secret.join(''))).toBe(false)
  expect(policy?.accounts.get('name-of-an-account')?.secrets[0]?.export().toString()).toBe(secret.join(''))
})
