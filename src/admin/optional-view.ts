import type { NameServer } from './name-server.ts'

/**
 * A view, or undefined from a NameServer that does not have it or does not show it to the machine of the command.
 * @param missing - What is missing without it, for the note: `states of brokers`.
 * @param notes - To which a line is added then.
 * @throws {AdminError} (rejects) As {@link NameServer.view} for other reasons.
 */
export function optionalView<Value>(
  server: NameServer,
  path: string,
  missing: string,
  notes: Set<string>,
): Promise<Value | undefined> {
  return server.viewIfAny<Value>(path, ({ message }) => {
    notes.add(`${missing}: not shown (${message})`)
  })
}
