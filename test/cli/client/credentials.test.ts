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
  test('comes from its options, before any file', () => {
    const options = { accessKey: 'ops', secretKeyFile: fileWith('s3cret \n') }
    const env = { ROCKETMQ_HOME: homeWith('accessKey: other\nsecretKey: other') }
    expect(findCredentials(options, env)).toEqual({ accessKey: 'ops', secretKey: 's3cret' })
  })

  test.each([
    ['accessKey: rocketmq2\nsecretKey: 12345678\n', 'rocketmq2', '12345678'],
    ['# a comment\n\nsecretKey: "a # b"\naccessKey: \'x:y\' # no secret\n', 'x:y', 'a # b'],
    ['accessKey:    a#b   # comment\r\nsecretKey:\tc\r\n', 'a#b', 'c'],
  ])('comes from tools.yml: %j', (text, accessKey, secretKey) => {
    expect(findCredentials({}, { ROCKETMQ_HOME: homeWith(text) })).toEqual({ accessKey, secretKey })
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
  ])('is none %s', (_, env) => {
    expect(findCredentials({}, env())).toBeUndefined()
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
  ])('is rejected if there is %s', (_, options, message) => {
    expect(() => findCredentials(options(), {})).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
    )
  })

  test('is rejected if tools.yml cannot be read', () => {
    const home = temporaryFolder()
    mkdirSync(join(home, 'conf', 'tools.yml'), { recursive: true })
    expect(() => findCredentials({}, { ROCKETMQ_HOME: home })).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringMatching(/^cannot read .*tools\.yml: is a directory \(EISDIR\)$|EISDIR/),
      }),
    )
  })
})
