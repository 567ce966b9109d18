import { BROKER_COMMANDS } from './broker.ts'
import { CLUSTER_COMMANDS } from './cluster.ts'
import { COMPLETION_COMMANDS } from './completion.ts'
import type { CommandDefinition } from './definition.ts'
import { SERVER_COMMANDS } from './server.ts'
import { TOPIC_COMMANDS } from './topic.ts'

/** A noun, and what `mqnamesrv help NOUN` says of it. */
export const NOUNS: Readonly<Record<string, string>> = {
  cluster: 'Clusters and their broker groups',
  broker: 'Broker groups and their brokers',
  topic: 'Topics and their routes',
}

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandDefinition[] = [
  ...SERVER_COMMANDS,
  ...CLUSTER_COMMANDS,
  ...BROKER_COMMANDS,
  ...TOPIC_COMMANDS,
  ...COMPLETION_COMMANDS,
]
