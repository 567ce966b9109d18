import { execFileSync } from 'node:child_process'
import { archiveClasses } from './class-archive.ts'
import { prepareOtherClients } from './other-clients.ts'
import { preparePackages } from './packages.ts'
import { projectRoot, removeOldRuns } from './work-folder.ts'

/** Prepares what every test file needs; a machine that lacks something fails here, with its name. */
export async function setup(): Promise<void> {
  removeOldRuns()
  preparePackages()
  prepareOtherClients()
  // bin/mqnamesrv runs what was built last; the suite is to test what is in the work tree now.
  execFileSync('npm', ['run', 'build', '--silent'], { cwd: projectRoot, stdio: 'inherit' })
  await archiveClasses()
}
