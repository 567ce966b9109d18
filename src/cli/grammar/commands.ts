import { CLUSTER_COMMANDS } from './cluster.ts'
import type { CommandDefinition } from './definition.ts'
import { MQADMIN_COMMANDS } from './mqadmin.ts'
import { SERVER_COMMANDS } from './server.ts'

/** A noun, and what `mqnamesrv help NOUN` says of it. */
export const NOUNS: Readonly<Record<string, string>> = {
  cluster: 'Clusters and their broker groups',
}

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandDefinition[] = [
  ...SERVER_COMMANDS,
  ...CLUSTER_COMMANDS,
  ...MQADMIN_COMMANDS,
]
