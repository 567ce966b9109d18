import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type LogOptions, openLog } from '../../../src/cli/daemon/logger.ts'
import { temporaryFolder } from '../../support/start-server.ts'

/** What a terminal must not get from a peer: C0 and C1 controls, line separators, bidi marks, invisible characters. */
const UNSAFE =
  '\u001b[31m\u0007\r\n\u0085\u009b2J\u2028\u2029\u200e\u200f\u202a\u202e\u2066\u2069\u200b\u{e0041}'

async function logged(options: Omit<LogOptions, 'logPath'>, name = 'broker-a'): Promise<string[]> {
  const logPath = join(temporaryFolder(), 'namesrv.log')
  const { logger } = await openLog({ ...options, logPath })
  logger.debug('a detail')
  logger.info({ port: 9876 }, 'listening')
  logger.error({ err: new Error('boom') }, 'failed')
  logger.warn({ brokerName: name, more: { names: [name] } }, `about ${name}`)
  return readFileSync(logPath, 'utf8').split('\n').slice(0, -1)
}

describe('openLog', () => {
  test.each([
    ['json', true],
    ['auto', false],
  ] as const)(
    '%s with a terminal %s writes one JSON object a line, with level by name and time as ISO',
    async (format, isTerminal) => {
      const lines = (await logged({ logLevel: 'info', logFormat: format, isTerminal })).map((line) =>
        JSON.parse(line),
      )
      expect(lines).toMatchObject([
        {
          level: 'info',
          port: 9876,
          msg: 'listening',
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        },
        { level: 'error', msg: 'failed', err: { message: 'boom' } },
        { level: 'warn', brokerName: 'broker-a' },
      ])
    },
  )

  test.each([
    ['pretty', false],
    ['auto', true],
  ] as const)('%s with a terminal %s writes text for people', async (format, isTerminal) => {
    const [line] = await logged({ logLevel: 'info', logFormat: format, isTerminal })
    expect(line).toMatch(/^\[\d{4}-\d\d-\d\dT.*Z\] .*INFO.*: .*listening/)
    expect(line).toContain('"port":9876')
    expect(line).not.toContain('hostname')
  })

  test.each(['pretty', 'json'] as const)(
    '%s escapes what would act on a terminal, in messages and fields',
    async (format) => {
      const lines = await logged({ logLevel: 'warn', logFormat: format, isTerminal: true }, UNSAFE)
      const line = lines.at(-1) ?? ''
      for (const code of [
        '001b',
        '0085',
        '009b',
        '2028',
        '2029',
        '200e',
        '202e',
        '2066',
        '2069',
        '200b',
        'db40',
      ])
        expect(line.split(`\\u${code}`)).toHaveLength(4)
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      if (format === 'json')
        expect(JSON.parse(line)).toMatchObject({ brokerName: UNSAFE, msg: `about ${UNSAFE}` })
    },
  )

  test('lines below the level are not written', async () => {
    expect(await logged({ logLevel: 'debug', logFormat: 'json', isTerminal: false })).toHaveLength(4)
    expect(await logged({ logLevel: 'fatal', logFormat: 'json', isTerminal: false })).toHaveLength(0)
  })
})

describe('a log file', () => {
  const options = { logLevel: 'info', logFormat: 'json', isTerminal: false } as const
  const messages = (path: string): unknown[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).msg)

  test('is a new one after it was renamed and reopened', async () => {
    const logPath = join(temporaryFolder(), 'namesrv.log')
    const { logger, reopen } = await openLog({ ...options, logPath })
    logger.info('before')
    renameSync(logPath, `${logPath}.1`)
    reopen()
    logger.info('after')
    expect(messages(`${logPath}.1`)).toEqual(['before'])
    expect(messages(logPath)).toEqual(['log file reopened', 'after'])
  })

  test('that cannot be reopened is written to as before, and says why', async () => {
    const logPath = join(temporaryFolder(), 'namesrv.log')
    const { logger, reopen } = await openLog({ ...options, logPath })
    renameSync(logPath, `${logPath}.1`)
    execFileSync('mkfifo', [logPath])
    reopen()
    logger.info('after')
    expect(messages(`${logPath}.1`)).toEqual(['log file not reopened; writing to the old one', 'after'])
    expect(readFileSync(`${logPath}.1`, 'utf8')).toContain('not a file')
  })

  test('that is a named pipe is rejected, because opening it would block', async () => {
    const logPath = join(temporaryFolder(), 'pipe')
    execFileSync('mkfifo', [logPath])
    await expect(openLog({ ...options, logPath })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_VALUE', message: expect.stringContaining('not a file') }),
    )
  })
})
