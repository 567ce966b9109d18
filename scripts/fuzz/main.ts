/**
 * Fuzzes the decoders and a running server: `npm run fuzz -- --frames 10000000`.
 *
 *   --frames N     until so many frames have been sent (default 200,000)
 *   --seconds N    or so many seconds have passed
 *   --seed N       the same cases again; printed by every run (default: a random one)
 *   --case N       only this case of the seed
 *   --decoders     the decoders alone, without a server
 *
 * Exit code 1 if anything went wrong; each case that failed is then a file of the corpus in `test/fuzz/corpus`.
 */
import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { inspect, parseArgs } from 'node:util'
import { PROJECT_ROOT } from '../support/own-server.ts'
import { addToCorpus } from './corpus.ts'
import { type Failure, FuzzRun } from './fuzz-run.ts'
import type { TlsSession } from './tls-session.ts'

const DEFAULT_FRAMES = 200_000

const { values } = parseArgs({
  options: {
    frames: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    case: { type: 'string' },
    decoders: { type: 'boolean', default: false },
  },
})

function numberOf(name: 'frames' | 'seconds' | 'seed' | 'case'): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} is a whole number, not "${text}"`)
  return value
}

const seed = numberOf('seed') ?? randomInt(2 ** 32)
const seconds = numberOf('seconds')
const frames = numberOf('frames') ?? (seconds === undefined ? DEFAULT_FRAMES : Number.POSITIVE_INFINITY)

// bin/mqnamesrv runs what was built last; what is in the work tree now is to be fuzzed.
if (!values.decoders)
  execFileSync('npm', ['run', 'build', '--silent'], { cwd: PROJECT_ROOT, stdio: 'inherit' })

console.log(`fuzz: seed ${seed}`)
const startedMs = performance.now()
const {
  failures,
  cases,
  frames: done,
  summary,
} = await new FuzzRun({
  seed,
  frames,
  seconds: seconds ?? Number.POSITIVE_INFINITY,
  only: numberOf('case'),
  sockets: !values.decoders,
  onProgress: (line) => console.log(`fuzz: ${line}`),
}).run()
const took = ((performance.now() - startedMs) / 1_000).toFixed(1)
console.log(`fuzz: ${done} frames in ${cases} cases, ${took} s${summary === '' ? '' : `; ${summary}`}`)
for (const failure of failures) console.log(report(failure))
if (failures.length > 0) {
  console.log(`fuzz: FAILED; npm run fuzz -- --seed ${seed} plays the same cases again`)
  process.exitCode = 1
}

/** In one line: of its bytes the beginnings. */
function describe(session: TlsSession): string {
  return inspect(session, { breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 20 })
}

function report({ error, failed }: Failure): string {
  if (failed === undefined) return `fuzz: ${error.stack}`
  const file = addToCorpus(
    `seed-${seed}-case-${failed.index}`,
    `${failed.kind}: ${error.message}`,
    failed.bytes,
  )
  const how = `${failed.kind}, ${failed.ending}${failed.session === undefined ? '' : `, ${describe(failed.session)}`}`
  return `fuzz: case ${failed.index} (${how}): ${error.stack}\n  kept as ${file}; --seed ${seed} --case ${failed.index} plays it alone`
}
