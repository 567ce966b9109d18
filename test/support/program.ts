import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './start-server.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/**
 * Starts the program from its sources; killed when the test is over. `bin/mqnamesrv` would run what was built last, and `-e`
 * leaves no place for arguments of the program's own.
 */
export function startProgram(
  stdout: number | 'pipe',
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const program = `const early = []
    process.on('SIGTERM', (signal) => early.push(signal))
    import(${JSON.stringify(main)}).then(({ main }) => main(early))`
  const args = ['--import', 'tsx', '--input-type=module', '-e', program]
  const env = {
    ...process.env,
    // Its files: those of the user are none of a test's business.
    MQNAMESRV_USER_HOME: temporaryFolder(),
    MQNAMESRV_BIND_ADDRESS: '127.0.0.1',
    MQNAMESRV_HTTP_LISTEN_PORT: '0',
    MQNAMESRV_LOG_FORMAT: 'json',
    ...settings,
  }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', stdout, 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}
