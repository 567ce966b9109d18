import type { CommandDefinition } from './definition.ts'

export const CONN_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'conn list',
    summary: 'Open or closed connections (mqnamesrv only)',
    description: 'Of closed connections, the last 1,024 are kept, with the cause.',
    options: [
      {
        flags: '--state <state>',
        text: 'open, closed, all (default: open)',
        choices: ['open', 'closed', 'all'],
      },
      {
        flags: '--kind <kind>',
        text: 'only peers of this kind, judged by their requests: client, admin, broker, unknown',
        choices: ['client', 'admin', 'broker', 'unknown'],
      },
      {
        flags: '--address <prefix>',
        text: 'only peers whose address begins with this, such as 10.0.3.',
        completion: 'none',
      },
      {
        flags: '--sort <order>',
        text: 'id, opened, closed, requests, bytes, idle: largest or latest first (default: id, or closed with --state closed)',
        choices: ['id', 'opened', 'closed', 'requests', 'bytes', 'idle'],
      },
      { flags: '--limit <number>', text: 'at most this many (default: 1024, max: 4096)', completion: 'none' },
    ],
    examples: [
      { line: 'conn list --sort requests --limit 10', text: 'the busiest' },
      { line: 'conn list --state closed --kind broker', text: 'why brokers were lost' },
    ],
    load: () => import('../commands/conn-list.ts'),
  },
  {
    words: 'conn report',
    summary: 'Connections by kind, language, version (mqnamesrv only)',
    examples: [{ line: 'conn report', text: 'which releases are still in use' }],
    load: () => import('../commands/conn-report.ts'),
  },
  {
    words: 'conn kick',
    summary: 'Closes connections (mqnamesrv only)',
    description:
      'Works only on the machine of the server. Clients reconnect by themselves. A broker is removed from the routes until it registers again, within a minute. The connection of the command itself is left open.',
    args: [
      {
        name: 'id',
        text: 'ids of connections, as conn list shows them',
        isOptional: true,
        isList: true,
        completion: 'none',
      },
    ],
    options: [
      { flags: '--address <host>', text: 'all connections from this host, or host:port', completion: 'none' },
    ],
    examples: [
      { line: 'conn kick 1017 1020', text: 'asks first' },
      { line: 'conn kick --address 10.0.3.17 -y', text: 'all from a host' },
    ],
    isChange: true,
    load: () => import('../commands/conn-kick.ts'),
  },
]
