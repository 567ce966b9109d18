import { AdminError } from '../../admin/admin-error.ts'
import type { NameServer } from '../../admin/name-server.ts'
import { AllFailedError } from '../command-error.ts'
import type { Failure } from '../output/report.ts'
import type { Asked, CommandContext } from '../run-command.ts'
import { inParallel } from './in-parallel.ts'

/**
 * Asks all NameServers for each of the things that a person names. One that a NameServer does not have is a failure of its own, and
 * the others are shown.
 * @param limit - Max names that are asked for at a time.
 * @throws {AllFailedError} (rejects) Nothing was found.
 */
export async function askForEach<Item extends object>(
  names: readonly string[],
  { askEach, servers, progress }: Pick<CommandContext, 'askEach' | 'servers' | 'progress'>,
  ask: (server: NameServer, name: string) => Promise<readonly Item[]>,
  limit = 1,
): Promise<Asked<Item>> {
  const missing: Failure[] = []
  const { items, failures } = await askEach(async (server) => {
    const how = { server, limit, what: 'names looked up', progress }
    const found = await inParallel([...new Set(names)], how, async (name) => {
      try {
        return await ask(server, name)
      } catch (error) {
        if (!(error instanceof AdminError && error.code === 'not_found')) throw error
        missing.push({ namesrv: server.address, error })
        return []
      }
    })
    return found.flat()
  })
  return foundOrFailed(items, [...failures, ...missing], servers)
}

/** What was found, and the failures in the order of the NameServers. @throws {AllFailedError} Nothing was found. */
export function foundOrFailed<Item extends object>(
  items: Asked<Item>['items'],
  failures: readonly Failure[],
  servers: readonly NameServer[],
): Asked<Item> {
  const ordered = servers.flatMap(({ address }) => failures.filter(({ namesrv }) => namesrv === address))
  if (items.length === 0 && ordered.length > 0) throw new AllFailedError(ordered)
  return { items, failures: ordered }
}
