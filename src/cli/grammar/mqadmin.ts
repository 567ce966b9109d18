import type { CommandDefinition } from './definition.ts'

const NAMES = [
  ...['topicList', 'topicRoute', 'topicClusterList', 'allocateMQ', 'updateOrderConf', 'updateKvConfig'],
  ...['deleteKvConfig', 'wipeWritePerm', 'addWritePerm', 'getNamesrvConfig', 'updateNamesrvConfig'],
]

export const MQADMIN_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'mqadmin',
    summary: 'Commands of RocketMQ’s mqadmin that ask NameServers only, with its options and output',
    description:
      'For scripts written for mqadmin, without a JVM. stdout is byte for byte that of mqadmin 5.5.0 on Java 9 or later, except that ' +
      'invisible characters of names are escaped. A failure is one line on stderr and an exit code, not a stack trace and 0. ' +
      'With several NameServers, lookups ask the first one that responds, and changes go to all. Nothing is confirmed.',
    args: [
      {
        name: 'command',
        text: `${NAMES.join(', ')}; without one, they are listed`,
        isOptional: true,
        choices: NAMES,
      },
      {
        name: 'option',
        text: 'as mqadmin has them: -n ADDRESSES, -t TOPIC; -h lists those of a command',
        isOptional: true,
        isList: true,
      },
    ],
    examples: [
      { line: 'mqadmin topicRoute -n a:9876 -t Orders', text: '' },
      { line: 'mqadmin help updateKvConfig', text: 'its options' },
    ],
    hasOwnOutput: true,
    hasOwnGrammar: true,
    load: () => import('../commands/mqadmin.ts'),
  },
]
