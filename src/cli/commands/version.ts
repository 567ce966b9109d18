import { packageCommit, packageVersion } from '../../namesrv/package-version.ts'
import type { Run } from '../run-command.ts'

/** `version`: that of this program. */
export const run: Run = async () => ({
  items: [{ version: packageVersion(), commit: packageCommit(), node: process.version }],
  view: { lines: ({ version }) => [`mqnamesrv ${version}`] },
  name: ({ version }) => version,
})
