import { CommandError } from '../command-error.ts'
import type { NameServer } from './name-server.ts'

/**
 * A view, or undefined from a NameServer that does not have it or does not show it to this machine.
 * @param missing - What is missing without it, for the note: `states of brokers`.
 * @param notes - To which a line is added then.
 * @throws {CommandError} (rejects) As {@link NameServer.view} for other reasons.
 */
export async function optionalView<Value>(
  server: NameServer,
  path: string,
  missing: string,
  notes: Set<string>,
): Promise<Value | undefined> {
  try {
    return await server.view<Value>(path)
  } catch (error) {
    if (!(error instanceof CommandError && (error.code === 'not_supported' || error.code === 'denied')))
      throw error
    notes.add(`${missing}: not shown (${error.message})`)
    return undefined
  }
}
