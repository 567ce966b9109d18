import type { CommandDefinition } from './definition.ts'

/** Commands about NameServers themselves. */
export const SERVER_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'ping',
    summary: 'Whether each NameServer responds, and how fast',
    description:
      'Sends one request that every NameServer serves, ours and Java’s. Exit code 3 if none responds.',
    examples: [
      { line: 'ping', text: 'the NameServer on this machine' },
      { line: 'ping -n "a:9876;b:9876" -o json', text: 'two of them, for a program' },
    ],
    load: () => import('../commands/ping.ts'),
  },
]
