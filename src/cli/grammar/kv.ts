import type { ArgumentDefinition, CommandDefinition } from './definition.ts'

const NAMESPACE: ArgumentDefinition = {
  name: 'namespace',
  text: 'such as ORDER_TOPIC_CONFIG',
  completion: 'namespace',
}
const KEY: ArgumentDefinition = { name: 'key', text: 'such as the name of a topic', completion: 'none' }

export const KV_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'kv list',
    summary: 'Entries of the key-value table',
    description:
      'The protocol cannot list namespaces: unless one is named, Java’s NameServer shows only ORDER_TOPIC_CONFIG, and so does mqnamesrv to other machines.',
    args: [{ ...NAMESPACE, isOptional: true }],
    examples: [
      { line: 'kv list', text: 'all entries' },
      { line: 'kv list ORDER_TOPIC_CONFIG -o json', text: 'ordered topics' },
    ],
    load: () => import('../commands/kv-list.ts'),
  },
  {
    words: 'kv get',
    summary: 'The value of an entry of the key-value table',
    args: [NAMESPACE, KEY],
    examples: [{ line: 'kv get ORDER_TOPIC_CONFIG TopicA', text: '' }],
    load: () => import('../commands/kv-get.ts'),
  },
  {
    words: 'kv set',
    summary: 'Sets an entry of the key-value table',
    description: 'NameServers do not share the table, so name all of them with -n.',
    args: [NAMESPACE, KEY, { name: 'value', text: 'new value', completion: 'none' }],
    examples: [{ line: 'kv set ORDER_TOPIC_CONFIG TopicA broker-a:4 -n "a;b" -y', text: '' }],
    isChange: true,
    load: () => import('../commands/kv-set.ts'),
  },
  {
    words: 'kv delete',
    summary: 'Deletes entries of the key-value table',
    description: 'NameServers do not share the table, so name all of them with -n.',
    args: [NAMESPACE, { ...KEY, isList: true }],
    examples: [{ line: 'kv delete ORDER_TOPIC_CONFIG TopicA TopicB -n "a;b"', text: '' }],
    isChange: true,
    load: () => import('../commands/kv-delete.ts'),
  },
]
