import { describe, expect, test } from 'vitest'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'

function resolve(content: string, backup?: string): ReturnType<typeof Configuration.resolve> {
  return Configuration.resolve({
    file: {
      path: 'ns.conf',
      bytes: Buffer.from(content),
      backup: backup === undefined ? undefined : { path: 'ns.conf.bak', bytes: Buffer.from(backup) },
    },
    homeDirectory: '/home/user',
    processors: 2,
  })
}

describe('a configuration file with a backup', () => {
  test.each(['', ' \r\n\t\n', '\0\0'])(
    'that holds only %j is replaced by the backup, with a warning',
    (content) => {
      const { configuration, notices } = resolve(content, '# by hand\nlistenPort=1234\nfoo=bar')
      expect(configuration.values).toMatchObject({ listenPort: 1234, configStorePath: 'ns.conf' })
      expect(configuration.fileText(configuration.state)).toContain('\nfoo=bar\n')
      expect(notices[0]).toEqual({
        level: 'warn',
        message: 'configuration file is empty; its backup is used',
        fields: { path: 'ns.conf', backup: 'ns.conf.bak' },
      })
      expect(configuration.sourceOf('listenPort')).toEqual({ layer: 'file', place: 'ns.conf.bak:2' })
    },
  )

  test.each([
    ['no backup', undefined],
    ['an empty backup', ''],
    ['a backup of white space', '\n'],
    ['a backup of zeros', '\0\0'],
  ])('that is empty, with %s, is a configuration without keys', (_, backup) => {
    const { configuration, notices } = resolve('', backup)
    expect(configuration.values.listenPort).toBe(9876)
    expect(notices).toEqual([])
  })

  test.each(['# nothing', 'listenPort=1'])('that holds %j is used itself', (content) => {
    const { configuration, notices } = resolve(content, 'listenPort=1234')
    expect(configuration.values.listenPort).not.toBe(1234)
    expect(notices).toEqual([])
  })

  test('that is malformed stops the start with an error that names the usable backup', () => {
    expect(() => resolve('a=\\u12', 'listenPort=1')).toThrow(
      /^ns\.conf:1: malformed .*; its backup ns\.conf\.bak can be used instead$/,
    )
    for (const useless of [undefined, '', 'a=\\u12'])
      expect(() => resolve('a=\\u12', useless)).toThrow(/^ns\.conf:1: malformed (?!.*backup)/)
  })

  test('that is empty stops the start if the backup is malformed', () => {
    expect(() => resolve('', '\na=\\u12')).toThrow(/^ns\.conf\.bak:2: malformed /)
  })
})
