/** Releases of Node.js, from the npm registry: its package for a platform contains the binary and the licence. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** The newest line with long-term support, which the Dockerfile and `.ci/run` use, too. */
export const NEWEST_LTS = '24'

/**
 * Installs a release for this platform.
 * @param version - A version, or a line of versions such as `24`, whose newest is taken.
 * @returns The path of the binary.
 */
export function installNode(version: string, folder: string): string {
  const name = `node-${process.platform}-${process.arch}`
  // Its install script would only link the binary.
  const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund']
  execFileSync('npm', ['install', '--prefix', folder, ...options, `${name}@${version}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return join(folder, 'node_modules', name, 'bin', 'node')
}
