import type { CommandDefinition, OptionDefinition } from './definition.ts'

const CLIENT_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--zone <name>', text: 'as a client of this zone', completion: 'none' },
  {
    flags: '--client-version <release>',
    text: 'as a client of this release, such as 4.9.7 (default: 5.5.0)',
    completion: 'none',
  },
]

export const TOPIC_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'topic list',
    summary: 'Names of topics',
    options: [
      { flags: '--cluster <name>', text: 'only topics with queues in this cluster', completion: 'cluster' },
      { flags: '--prefix <text>', text: 'only topics that begin with it', completion: 'topic' },
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
    description: 'Looks the topics up (105) as a client does. Exit code 1 if one has no route.',
    args: [{ name: 'topic', text: 'name of a topic', isList: true, completion: 'topic' }],
    options: CLIENT_OPTIONS,
    examples: [
      { line: 'topic route TopicTest', text: '' },
      { line: 'topic route TopicTest -n "a:9876;b:9876"', text: 'on two NameServers' },
    ],
    load: () => import('../commands/topic-route.ts'),
  },
  {
    words: 'topic explain',
    summary: 'Why clients find a topic or not, and what to do',
    description:
      'From mqnamesrv with what happened before; from other NameServers as far as their routes tell. Exit code 1 if clients cannot send to the topic and read from it.',
    args: [{ name: 'topic', text: 'name of a topic', isList: true, completion: 'topic' }],
    options: CLIENT_OPTIONS,
    examples: [
      { line: 'topic explain TopicTest', text: '' },
      { line: 'topic explain TopicTest -o yaml', text: 'with its brokers, misses and history' },
    ],
    load: () => import('../commands/topic-explain.ts'),
  },
  {
    words: 'topic misses',
    summary: 'Topics looked up without finding a route, the most frequent first (mqnamesrv only)',
    examples: [{ line: 'topic misses', text: '' }],
    load: () => import('../commands/topic-misses.ts'),
  },
  {
    words: 'topic delete',
    summary: 'Deletes topics from the routes of all given NameServers, not from their brokers',
    description:
      'Brokers that still have a topic register it again, within 30 s or with their next change: delete it on them first (mqadmin deleteTopic).',
    args: [{ name: 'topic', text: 'name of a topic', isList: true, completion: 'topic' }],
    options: [
      {
        flags: '--cluster <name>',
        text: 'only from the brokers of this cluster (NameServers from 5.0 on)',
        completion: 'cluster',
      },
    ],
    examples: [{ line: 'topic delete TopicTest -n "a:9876;b:9876"', text: 'asks first' }],
    isChange: true,
    load: () => import('../commands/topic-delete.ts'),
  },
]
