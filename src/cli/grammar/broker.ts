import type { ArgumentDefinition, CommandDefinition } from './definition.ts'

const BROKER: ArgumentDefinition = {
  name: 'broker',
  text: 'name of a broker group',
  completion: 'broker',
}

export const BROKER_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'broker list',
    summary: 'Brokers with their addresses; from mqnamesrv also state, age of the heartbeat, version',
    options: [{ flags: '--cluster <name>', text: 'only brokers of this cluster', completion: 'cluster' }],
    examples: [
      { line: 'broker list', text: '' },
      { line: 'broker list --cluster DefaultCluster -o wide', text: 'with more columns' },
    ],
    load: () => import('../commands/broker-list.ts'),
  },
  {
    words: 'broker show',
    summary: 'Broker groups with their brokers, and what clients would lose if they stopped',
    description:
      'With --impact: topics that have no other broker to send to or to read from. Other NameServers than mqnamesrv are asked for the route of every topic.',
    args: [{ ...BROKER, isList: true }],
    options: [{ flags: '--impact', text: 'what clients would lose if the group stopped' }],
    examples: [
      { line: 'broker show broker-a', text: '' },
      { line: 'broker show broker-a --impact', text: 'before it is stopped' },
    ],
    load: () => import('../commands/broker-show.ts'),
  },
  {
    words: 'broker explain',
    summary: 'What has become of brokers, and what to do (mqnamesrv only)',
    description: 'Exit code 1 unless they are registered and nothing is wrong with them.',
    args: [{ name: 'broker', text: 'broker name, or announced address', isList: true, completion: 'broker' }],
    examples: [
      { line: 'broker explain broker-a', text: '' },
      { line: 'broker explain 10.0.0.5:10911', text: 'by its address' },
    ],
    load: () => import('../commands/broker-explain.ts'),
  },
  {
    words: 'broker wipe-write',
    summary: 'Removes the write permission of all topics on a broker, on all given NameServers',
    description:
      'Producers leave the broker with their next route, for instance before it is stopped. Each NameServer has its own routes: name all of them with -n. It lasts until the broker registers a change, or until broker restore-write.',
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
    summary: 'Gives all topics on a broker read and write permission, on all given NameServers',
    description:
      'This also affects topics that the broker registered read-only or write-only, until it next registers a change; the protocol cannot distinguish them.',
    args: [BROKER],
    examples: [{ line: 'broker restore-write broker-a -n "a:9876;b:9876"', text: '' }],
    isChange: true,
    load: async () => ({ run: (await import('../commands/broker-write.ts')).restore }),
  },
]
