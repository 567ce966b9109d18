import type { CommandDefinition, OptionDefinition } from './definition.ts'

const CLIENT_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--zone <name>', text: 'the route that a client in this zone gets', completion: 'none' },
  {
    flags: '--client-version <release>',
    text: 'the route that a client of this release gets, such as 4.9.7 (default: 5.5.0)',
    completion: 'none',
  },
]

export const TOPIC_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'topic list',
    summary: 'Names of topics',
    options: [
      { flags: '--cluster <name>', text: 'only topics with queues in this cluster', completion: 'cluster' },
      { flags: '--prefix <text>', text: 'only topics that begin with this', completion: 'topic' },
    ],
    examples: [
      { line: 'topic list --cluster DefaultCluster', text: '' },
      { line: 'topic list --prefix %RETRY% --no-headers', text: 'retry topics' },
    ],
    load: () => import('../commands/topic-list.ts'),
  },
  {
    words: 'topic route',
    summary: 'Brokers and queues of topics, as clients get them',
    description: 'Looks topics up as a client does (request 105). Exit code 1 if one has no route.',
    args: [{ name: 'topic', text: 'name of a topic', isList: true, completion: 'topic' }],
    options: CLIENT_OPTIONS,
    examples: [
      { line: 'topic route TopicTest', text: '' },
      { line: 'topic route TopicTest -n "a:9876;b:9876"', text: 'from two NameServers' },
    ],
    load: () => import('../commands/topic-route.ts'),
  },
  {
    words: 'topic explain',
    summary: 'Why clients find a topic or not, and what to do',
    description:
      'mqnamesrv also tells what happened to the topic; for Java’s NameServer, only its routes are examined. Exit code 1 unless clients can both send to the topic and read from it.',
    args: [{ name: 'topic', text: 'name of a topic', isList: true, completion: 'topic' }],
    options: CLIENT_OPTIONS,
    examples: [
      { line: 'topic explain TopicTest', text: '' },
      { line: 'topic explain TopicTest -o yaml', text: 'brokers, misses, history' },
    ],
    load: () => import('../commands/topic-explain.ts'),
  },
  {
    words: 'topic misses',
    summary: 'Topics looked up but not found (mqnamesrv only)',
    description: 'The most frequently looked up first, with the clients that ask.',
    examples: [{ line: 'topic misses', text: '' }],
    load: () => import('../commands/topic-misses.ts'),
  },
  {
    words: 'topic delete',
    summary: 'Deletes topics from NameServers, not from brokers',
    description:
      'NameServers do not share routes, so name all of them with -n. Brokers that still have a topic register it again within a minute (with their next change if forceRegister is off): delete it on them first (mqadmin deleteTopic).',
    args: [{ name: 'topic', text: 'name of a topic', isList: true, completion: 'topic' }],
    options: [
      {
        flags: '--cluster <name>',
        text: 'only from the routes to brokers of this cluster (needs NameServer 5.0 or later)',
        completion: 'cluster',
      },
    ],
    examples: [{ line: 'topic delete TopicTest -n "a:9876;b:9876"', text: 'asks first' }],
    isChange: true,
    load: () => import('../commands/topic-delete.ts'),
  },
]
