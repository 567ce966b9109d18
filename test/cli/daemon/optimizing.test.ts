import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { afterEach, describe, expect, test } from 'vitest'
import { run } from '../../../src/cli/daemon/daemon.ts'
import { setOptimizing } from '../../../src/cli/daemon/optimizing.ts'
import { fakeWorld } from './fake-world.ts'

/** Of V8's optimization status: the function is never optimized. */
const NEVER_OPTIMIZED = 2

function isOptimizable(): boolean {
  setFlagsFromString('--allow-natives-syntax')
  const status = runInThisContext(
    '(() => { const f = () => 1; f(); return %GetOptimizationStatus(f) })()',
  ) as number
  setFlagsFromString('--no-allow-natives-syntax')
  return (status & NEVER_OPTIMIZED) === 0
}

describe('the optimizing compilers', () => {
  afterEach(() => setOptimizing(true))

  test('do not run while they are off, and run again afterwards', () => {
    const states = [isOptimizable()]
    for (const isOn of [false, true]) {
      setOptimizing(isOn)
      states.push(isOptimizable())
    }
    expect(states).toEqual([true, false, true])
  })

  test.each(['--jitless', '--lite_mode', '--no-opt --no-maglev', '--noturbofan --nomaglev'])(
    'stay off if Node was started with %s',
    (options) => {
      setOptimizing(false, options)
      setOptimizing(true, options)
      expect(isOptimizable()).toBe(false)
    },
  )

  test.each(['--no-maglev', '--no-jitless --no-optimize-for-size'])(
    'run again if Node was started with %s',
    (options) => {
      setOptimizing(false, options)
      setOptimizing(true, options)
      expect(isOptimizable()).toBe(true)
    },
  )

  test('run when a server reads its state, such as a large route snapshot', async () => {
    setOptimizing(false)
    const states: boolean[] = []
    const { world, events } = fakeWorld({
      controller: {
        start: async () => {
          states.push(isOptimizable())
          setImmediate(() => events.emit('SIGTERM', 'SIGTERM'))
          return { address: '127.0.0.1', port: 9876 }
        },
      },
    })
    expect(await run(world)).toBe(0)
    expect(states).toEqual([true])
  })
})
