import { ACCESS_COMMANDS } from './access.ts'
import { BROKER_COMMANDS } from './broker.ts'
import { CLUSTER_COMMANDS } from './cluster.ts'
import { COMPLETION_COMMANDS } from './completion.ts'
import { CONFIG_COMMANDS } from './config.ts'
import { CONN_COMMANDS } from './conn.ts'
import type { CommandDefinition } from './definition.ts'
import { DIFF_COMMANDS } from './diff.ts'
import { KV_COMMANDS } from './kv.ts'
import { MQADMIN_COMMANDS } from './mqadmin.ts'
import { SERVER_COMMANDS } from './server.ts'
import { TOPIC_COMMANDS } from './topic.ts'

/** A noun, and what `mqnamesrv help NOUN` says of it. */
export const NOUNS: Readonly<Record<string, string>> = {
  cluster: 'Clusters and their broker groups',
  broker: 'Broker groups and their brokers',
  topic: 'Topics and their routes',
  kv: 'The key-value table',
  config: 'The configuration of NameServers, and configuration files',
  conn: 'Connections of clients and brokers',
  access: 'Who may do what: the access policy of servers, and access files',
}

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandDefinition[] = [
  ...SERVER_COMMANDS,
  ...DIFF_COMMANDS,
  ...CLUSTER_COMMANDS,
  ...BROKER_COMMANDS,
  ...TOPIC_COMMANDS,
  ...KV_COMMANDS,
  ...CONFIG_COMMANDS,
  ...CONN_COMMANDS,
  ...ACCESS_COMMANDS,
  ...COMPLETION_COMMANDS,
  ...MQADMIN_COMMANDS,
]

/** The command that words begin with. */
export function commandOf([first, second]: readonly string[]): CommandDefinition | undefined {
  return COMMANDS.find(({ words }) => words === first || words === `${first} ${second}`)
}

/** The verbs of a noun: `list`, `route`. */
export function verbsOf(noun: string): string[] {
  return COMMANDS.flatMap(({ words }) => (words.startsWith(`${noun} `) ? words.slice(noun.length + 1) : []))
}
