import { describe, expect, test } from 'vitest'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'
import { warnOfFewDescriptors } from '../../../src/namesrv/limits/file-descriptors.ts'
import { recordingLogger } from '../../support/recording-logger.ts'

function warnings(accepted: number): unknown[] {
  const { logger, lines } = recordingLogger()
  const { configuration } = Configuration.resolve({
    args: [{ key: 'maxConnections', value: '1000' }],
    homeDirectory: '/home/user',
    processors: 2,
  })
  warnOfFewDescriptors({ accepted, own: 100, http: 20, limit: accepted + 150 }, { configuration, logger })
  return lines
}

describe('the open-file limit', () => {
  test('causes one warning if it leaves fewer connections than maxConnections, with the limit that is needed', () => {
    expect(warnings(999)).toEqual([
      {
        level: 'warn',
        openFileLimit: 1_149,
        possibleConnections: 999,
        maxConnections: 1_000,
        neededOpenFileLimit: 2_050,
        msg: 'open-file limit leaves fewer connections than maxConnections',
      },
    ])
  })

  test('causes no warning if it leaves enough connections', () => {
    expect(warnings(1_000)).toEqual([])
  })
})
