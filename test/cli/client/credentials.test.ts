import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findCredentials } from '../../../src/cli/client/credentials.ts'
import { temporaryFolder } from '../../support/start-server.ts'

/** A file; returns its path. */
function fileWith(content: string): string {
  const path = join(temporaryFolder(), 'secret')
  writeFileSync(path, content)
  return path
}

/** ROCKETMQ_HOME with a tools.yml. */
function homeWith(content: string): string {
  const home = temporaryFolder()
  mkdirSync(join(home, 'conf'))
  writeFileSync(join(home, 'conf', 'tools.yml'), content)
  return home
}

describe('the account of a command', () => {
  test('comes from its options, before any file', async () => {
    const options = { accessKey: 'ops', secretKeyFile: fileWith('s3cret \n') }
    const env = { ROCKETMQ_HOME: homeWith('accessKey: other\nsecretKey: other') }
    expect(await findCredentials(options, env)).toEqual({ accessKey: 'ops', secretKey: 's3cret' })
  })

  test.each([
    ['accessKey: rocketmq2\nsecretKey: 12345678\n', 'rocketmq2', '12345678'],
    ['# a comment\n\nsecretKey: "a # b"\naccessKey: \'x:y\' # no secret\n', 'x:y', 'a # b'],
    ['accessKey:    a#b   # comment\r\nsecretKey:\tc\r\n', 'a#b', 'c'],
    ['accessKey: ops\nsecretKey: 01234567\n', 'ops', '342391'],
    ['accessKey: ops\nsecretKey: 08123456\n', 'ops', '08123456'],
    ["accessKey: ops\nsecretKey: 'it''s'\n", 'ops', "it's"],
    ['"accessKey": ops\nsecretKey: "a\\"b"\n', 'ops', 'a"b'],
    ['  accessKey: ops\n  secretKey: secret\n', 'ops', 'secret'],
    ['{ accessKey: ops, secretKey: secret }', 'ops', 'secret'],
  ])('comes from tools.yml: %j', async (text, accessKey, secretKey) => {
    expect(await findCredentials({}, { ROCKETMQ_HOME: homeWith(text) })).toEqual({ accessKey, secretKey })
  })

  test.each([
    ['without ROCKETMQ_HOME', () => ({})],
    ['with an empty one', () => ({ ROCKETMQ_HOME: '' })],
    ['without a tools.yml', () => ({ ROCKETMQ_HOME: temporaryFolder() })],
    ['with a tools.yml that has only one half', () => ({ ROCKETMQ_HOME: homeWith('accessKey: a\n') })],
    ['with a tools.yml of empty values', () => ({ ROCKETMQ_HOME: homeWith('accessKey:\nsecretKey: ""\n') })],
    [
      'with a tools.yml of other keys',
      () => ({ ROCKETMQ_HOME: homeWith('x:\n  accessKey: a\n  secretKey: b\n') }),
    ],
    ['with a tools.yml of comments', () => ({ ROCKETMQ_HOME: homeWith('# accessKey: a\n\n  # b\n') })],
  ])('is missing %s', async (_, env) => {
    expect(await findCredentials({}, env())).toBeUndefined()
  })

  test.each([
    ['the secret without the key', () => ({ secretKeyFile: fileWith('x') }), /belong together$/],
    ['the key without the secret', () => ({ accessKey: 'a' }), /belong together$/],
    ['an empty secret', () => ({ accessKey: 'a', secretKeyFile: fileWith('\n') }), /is empty$/],
    [
      'a file that is missing',
      () => ({ accessKey: 'a', secretKeyFile: join(temporaryFolder(), 'x') }),
      /^cannot read .*x \(--secret-key-file\): no such file or directory \(ENOENT\)$/,
    ],
  ])('is rejected if there is %s', async (_, options, message) => {
    await expect(findCredentials(options(), {})).rejects.toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
    )
  })

  test('is rejected if tools.yml is no YAML, with its line and not with its text', async () => {
    const env = { ROCKETMQ_HOME: homeWith('accessKey: a\nsecretKey: "s3cret\n') }
    await expect(findCredentials({}, env)).rejects.toThrow(/tools\.yml:\d: (?!.*s3cret)/)
  })

  test('is rejected if tools.yml cannot be read', async () => {
    const home = temporaryFolder()
    mkdirSync(join(home, 'conf', 'tools.yml'), { recursive: true })
    await expect(findCredentials({}, { ROCKETMQ_HOME: home })).rejects.toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringMatching(/^cannot read .*tools\.yml: is a directory \(EISDIR\)$|EISDIR/),
      }),
    )
  })
})
