/**
 * Builds the Dockerfile without Docker and without an image registry, runs the image, and checks what users rely on.
 *
 * Usage, as root: `npx tsx scripts/image/build-and-run.ts`. Needs buildah, debootstrap and runc. The base image's stand-in
 * is kept in `MQNAMESRV_IMAGE_FOLDER` (default: a folder below the system's temporary one) and made once. Checks go to
 * stdout, one a line; everything else to stderr. Exit code 1 if a check fails.
 */
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CheckList } from '../support/check-list.ts'
import { prepareBaseImage } from './base-image.ts'
import type { Secret } from './buildah.ts'
import { checks } from './checks.ts'
import { output, requireCommands } from './commands.ts'

const IMAGE = 'mqnamesrv'
const repository = fileURLToPath(new URL('../../', import.meta.url))

/** This machine's npm settings for the time of the build: its registry, and the certificates it trusts. */
function npmSecrets(folder: string): Secret[] {
  const setting = (name: string): string => output('npm', ['config', 'get', name])
  const npmrc = [`registry=${setting('registry')}`]
  const secrets = [{ id: 'npmrc', file: join(folder, 'npmrc') }]
  const certificates = setting('cafile')
  if (certificates !== 'null') {
    npmrc.push('cafile=/run/secrets/npm-ca')
    secrets.push({ id: 'npm-ca', file: certificates })
  }
  writeFileSync(join(folder, 'npmrc'), `${npmrc.join('\n')}\n`, { mode: 0o600 })
  return secrets
}

async function main(): Promise<void> {
  requireCommands(['runc', 'nsenter'])
  const { name: base, buildah, folder } = prepareBaseImage()
  const scratch = mkdtempSync(join(folder, 'run-'))
  const list = new CheckList()
  try {
    buildah.build(repository, IMAGE, npmSecrets(scratch))
    for (const [name, check] of Object.entries(checks)) {
      const workFolder = mkdtempSync(join(scratch, 'check-'))
      // Lent to the container, whose user is not the one who made it.
      chmodSync(workFolder, 0o755)
      chownSync(workFolder, 3000, 3000)
      await list.check(name, () => check({ buildah, image: IMAGE, base, workFolder }))
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  list.end()
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
