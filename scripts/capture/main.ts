/**
 * Captures the test fixtures from real RocketMQ processes.
 *
 *     npx tsx scripts/capture/main.ts 4.9.7=<folder of jars> 5.5.0=<folder of jars>
 *
 * `--out` names the fixture folder (default `test/fixtures`), `--session` picks sessions by name (may be repeated; then
 * the other fixtures stay), `--work` keeps stores and logs in a folder instead of a temporary one.
 * The environment variable `JAVA` names the `java` program.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { FixtureWriter } from './fixture-writer.ts'
import type { Release } from './java-process.ts'
import { type Session, SessionContext } from './session.ts'
import { actingMaster } from './sessions/acting-master.ts'
import { binaryClient, binaryHeaders } from './sessions/binary-headers.ts'
import { dataVersion } from './sessions/data-version.ts'
import { lifecycle } from './sessions/lifecycle.ts'
import { compressed, slave } from './sessions/registrations.ts'
import { Stage } from './stage.ts'

// In this order: `compressed` starts from the store of `lifecycle`, and `binaryHeaders` replays a request of it.
const SESSIONS: readonly Session[] = [
  lifecycle,
  compressed,
  slave,
  dataVersion,
  actingMaster,
  binaryHeaders,
  binaryClient,
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: 'test/fixtures' },
    session: { type: 'string', multiple: true },
    work: { type: 'string' },
  },
})

const releases = positionals.map((argument): Release => {
  const [name, lib] = argument.split('=')
  if (!name || !lib) throw new Error(`expected <release>=<folder of jars>, got ${argument}`)
  return { name, lib: resolve(lib) }
})
if (releases.length === 0) throw new Error('name at least one release: <release>=<folder of jars>')
// The 5.x session replays a request of 4.9.7, so the older release comes first.
releases.sort((a, b) => a.name.localeCompare(b.name))

const work = values.work ? resolve(values.work) : mkdtempSync(join(tmpdir(), 'capture-'))
const writer = new FixtureWriter(resolve(values.out), new Date().toISOString().slice(0, 10))

// Java processes outlive this one when it is killed, so a signal ends them first.
let stage: Stage | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await stage?.close()
    process.exit(1)
  })
}

for (const release of releases) {
  if (!values.session) writer.clear(release.name)
  const sessions = SESSIONS.filter(
    ({ name, majors }) => majors.includes(release.name.charAt(0)) && (values.session?.includes(name) ?? true),
  )
  for (const session of sessions) {
    process.stdout.write(`${release.name} ${session.name}\n`)
    const folder = join(work, release.name)
    mkdirSync(folder, { recursive: true })
    stage = new Stage(release, folder)
    try {
      await session.run(new SessionContext(stage, writer))
    } finally {
      await stage.close()
    }
  }
}
if (!values.work) rmSync(work, { recursive: true })
