import { AdminError } from '../../admin/admin-error.ts'
import type { NameServer } from '../../admin/name-server.ts'
import { firstLine } from '../../common/describe-errno.ts'
import { CommandError } from '../command-error.ts'
import type { Failure } from '../output/report.ts'

interface Found<Value> {
  readonly server: NameServer
  readonly value: Value
}

/** What NameServers said, in their order. */
export interface Responses<Value> {
  readonly found: readonly Found<Value>[]
  readonly failures: readonly Failure[]
}

/** Asks all NameServers at once, and waits for each. @throws (rejects) What is no failure of a command: a defect. */
export async function askAll<Value>(
  servers: readonly NameServer[],
  ask: (server: NameServer, index: number) => Promise<Value>,
): Promise<Responses<Value>> {
  const settled = await Promise.all(
    servers.map(async (server, index): Promise<Found<Value> | Failure> => {
      try {
        return { server, value: await ask(server, index) }
      } catch (error) {
        return { namesrv: server.address, error: failureAt(server.address, error) }
      }
    }),
  )
  return {
    found: settled.filter((each) => 'value' in each),
    failures: settled.filter((each) => 'error' in each),
  }
}

/**
 * The failure of a command that an error means. Views are read as this release has them; those of another one, or of an impostor, may
 * lack what a command takes for granted.
 * @param from - The address of the NameServer.
 * @throws What is no failure of a command: a defect.
 */
export function failureAt(from: string, error: unknown): AdminError {
  if (error instanceof AdminError) return error
  // A member that is missing, or out of range, such as an invalid time.
  if (!(error instanceof TypeError || error instanceof RangeError)) throw error
  const hint = 'is it mqnamesrv of another version?'
  return new CommandError('protocol', `unexpected response from ${from} (${hint}): ${firstLine(error)}`)
}
