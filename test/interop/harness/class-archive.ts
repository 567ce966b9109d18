import { existsSync, renameSync } from 'node:fs'
import { startBroker } from './broker.ts'
import { startNameServer } from './name-server.ts'
import { classArchive, releases } from './packages.ts'

/** A broker of 5.x takes ten seconds to end, and more while the archive is written. */
const END_TIMEOUT_MS = 60_000

/**
 * Runs a broker of every release once and archives the classes that it loaded, which halves the CPU time of the start of every Java
 * program of that release. Kept until the packages change; Java 11 cannot do it and goes without.
 */
export async function archiveClasses(): Promise<void> {
  const missing = releases.filter((release) => !existsSync(classArchive(release)))
  if (missing.length === 0) return
  const nameServer = await startNameServer({ kind: 'ours' })
  await Promise.all(
    missing.map(async (release) => {
      const file = `${classArchive(release)}.new`
      const { program } = await startBroker({
        release,
        name: `archived-${release}`,
        nameServers: [nameServer.address],
        javaOptions: ['-XX:+IgnoreUnrecognizedVMOptions', `-XX:ArchiveClassesAtExit=${file}`],
      })
      await program.stop(END_TIMEOUT_MS)
      if (existsSync(file)) renameSync(file, classArchive(release))
    }),
  )
  await nameServer.program.stop()
}
