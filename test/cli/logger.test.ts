import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createLogger, type LogOptions } from '../../src/cli/logger.ts'

async function logged(options: Omit<LogOptions, 'destination'>): Promise<string[]> {
  const chunks: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      done()
    },
  })
  const logger = await createLogger({ ...options, destination })
  logger.debug('a detail')
  logger.info({ port: 9876 }, 'listening')
  logger.error({ err: new Error('boom') }, 'failed')
  return chunks.join('').split('\n').slice(0, -1)
}

describe('createLogger', () => {
  test.each([
    ['json', true],
    ['auto', false],
  ] as const)(
    '%s with a terminal %s writes one JSON object a line, with level by name and time as ISO',
    async (format, isTerminal) => {
      const lines = (await logged({ level: 'info', format, isTerminal })).map((line) => JSON.parse(line))
      expect(lines).toMatchObject([
        {
          level: 'info',
          port: 9876,
          msg: 'listening',
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        },
        { level: 'error', msg: 'failed', err: { message: 'boom' } },
      ])
    },
  )

  test.each([
    ['pretty', false],
    ['auto', true],
  ] as const)('%s with a terminal %s writes text for people', async (format, isTerminal) => {
    const [line] = await logged({ level: 'info', format, isTerminal })
    expect(line).toMatch(/^\[\d{4}-\d\d-\d\dT.*Z\] .*INFO.*: .*listening/)
    expect(line).toContain('"port":9876')
    expect(line).not.toContain('hostname')
  })

  test('lines below the level are not written', async () => {
    expect(await logged({ level: 'debug', format: 'json', isTerminal: false })).toHaveLength(3)
    expect(await logged({ level: 'fatal', format: 'json', isTerminal: false })).toHaveLength(0)
  })
})
