import { execFileSync } from 'node:child_process'
import { prepareOtherClients } from './other-clients.ts'
import { preparePackages } from './packages.ts'
import { projectRoot, removeOldRuns } from './work-folder.ts'

/** Prepares what every test file needs; a machine that lacks something fails here, with its name. */
export function setup(): void {
  removeOldRuns()
  preparePackages()
  prepareOtherClients()
  // bin/mqnamesrv runs what was built last; the suite is to test what is in the work tree now.
  execFileSync('npm', ['run', 'build', '--silent'], { cwd: projectRoot, stdio: 'inherit' })
}
