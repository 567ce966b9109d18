import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
/** A device that takes nothing, as a disk that is full; Linux has it. */
const FULL = '/dev/full'

test.runIf(existsSync(FULL))(
  'a log that cannot be written is told of once on stderr, the server goes on, and SIGTERM still ends it with 0',
  async () => {
    const full = openSync(FULL, 'w')
    // As bin/mqnamesrv does it, which would run what was built last.
    const program = `const early = []
      process.on('SIGTERM', (signal) => early.push(signal))
      import(${JSON.stringify(main)}).then(({ main }) => main(early))`
    const args = ['--import', 'tsx', '--input-type=module', '-e', program]
    const child = spawn(process.execPath, args, {
      // `-e` leaves no place for arguments of the program's own.
      env: {
        ...process.env,
        MQNAMESRV_LISTEN_PORT: '0',
        MQNAMESRV_BIND_ADDRESS: '127.0.0.1',
        MQNAMESRV_LOG_FORMAT: 'json',
      },
      stdio: ['ignore', full, 'pipe'],
    })
    closeSync(full)
    const lines: string[] = []
    if (child.stderr === null) throw new Error('stderr is no pipe')
    const stderr = createInterface({ input: child.stderr }).on('line', (line) => lines.push(line))
    await once(stderr, 'line')
    child.kill('SIGTERM')
    const [code, signal] = await once(child, 'close')
    expect(lines).toEqual([
      'mqnamesrv: cannot write the log, going on without: ENOSPC: no space left on device, write',
    ])
    expect([code, signal]).toEqual([0, null])
  },
)
