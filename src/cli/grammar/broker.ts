import type { ArgumentDefinition, CommandDefinition } from './definition.ts'

const BROKER: ArgumentDefinition = {
  name: 'broker',
  text: 'name of a broker group',
  isList: true,
  completion: 'broker',
}

export const BROKER_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'broker list',
    summary: 'Brokers, their addresses, state and version',
    description: 'Java’s NameServer does not show their state and version.',
    options: [{ flags: '--cluster <name>', text: 'only brokers of this cluster', completion: 'cluster' }],
    examples: [
      { line: 'broker list', text: '' },
      { line: 'broker list --cluster DefaultCluster -o wide', text: 'more columns' },
    ],
    load: () => import('../commands/broker-list.ts'),
  },
  {
    words: 'broker show',
    summary: 'Broker groups, and what stopping them would affect',
    description:
      '--impact lists the topics that have no other broker to send to or read from. Java’s NameServer is asked for the route of every topic.',
    args: [BROKER],
    options: [{ flags: '--impact', text: 'show what clients would lose if the group stopped' }],
    examples: [
      { line: 'broker show broker-a', text: '' },
      { line: 'broker show broker-a --impact', text: 'before stopping it' },
    ],
    load: () => import('../commands/broker-show.ts'),
  },
  {
    words: 'broker explain',
    summary: 'Why brokers are registered or not (mqnamesrv only)',
    description:
      'Shows what happened to them and what to do. Exit code 1 unless all are registered and nothing is wrong with them.',
    args: [
      {
        name: 'broker',
        text: 'name of a broker group, or the address that a broker announces',
        isList: true,
        completion: 'broker',
      },
    ],
    examples: [
      { line: 'broker explain broker-a', text: '' },
      { line: 'broker explain 10.0.0.5:10911', text: 'by its address' },
    ],
    load: () => import('../commands/broker-explain.ts'),
  },
  {
    words: 'broker wipe-write',
    summary: 'Removes the write permission of topics on brokers',
    description:
      'Producers stop using the brokers when they next fetch a route: do this before stopping them. NameServers do not share routes, so name all of them with -n. It lasts until a broker registers a change, or until broker restore-write.',
    args: [BROKER],
    examples: [
      { line: 'broker wipe-write broker-a -n "a:9876;b:9876"', text: 'asks first' },
      { line: 'broker wipe-write broker-a -y -o json', text: 'for a program' },
    ],
    isChange: true,
    load: async () => ({ run: (await import('../commands/broker-write.ts')).wipe }),
  },
  {
    words: 'broker restore-write',
    summary: 'Gives topics on brokers read and write permission',
    description:
      'NameServers do not share routes, so name all of them with -n. Topics that a broker registered read-only or write-only get both, too, until it next registers a change; the protocol cannot tell them apart.',
    args: [BROKER],
    examples: [{ line: 'broker restore-write broker-a -n "a:9876;b:9876"', text: '' }],
    isChange: true,
    load: async () => ({ run: (await import('../commands/broker-write.ts')).restore }),
  },
]
