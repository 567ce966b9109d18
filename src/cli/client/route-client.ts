import type { RouteClient } from '../../admin/name-server.ts'
import { versionOfRelease } from '../../protocol/version-name.ts'
import { CommandError } from '../command-error.ts'
import type { Values } from '../parse.ts'

/** The client of `--client-version` and `--zone`. @throws {CommandError} `usage`: no such release. */
export function routeClientOf({ clientVersion, zone }: Values): RouteClient {
  const version = typeof clientVersion === 'string' ? versionOfRelease(clientVersion) : undefined
  if (typeof clientVersion === 'string' && version === undefined)
    throw new CommandError(
      'usage',
      `--client-version ${JSON.stringify(clientVersion)} is not a release: 4.9.7, 5.5.0`,
    )
  return { version, zone: typeof zone === 'string' ? zone : undefined }
}

/** That client in the query of a view. */
export function routeQuery({ version, zone }: RouteClient): URLSearchParams {
  const query = new URLSearchParams()
  if (version !== undefined) query.set('version', `${version}`)
  if (zone !== undefined) query.set('zone', zone)
  return query
}
