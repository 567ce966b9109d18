import type { CommandDefinition } from './definition.ts'

/** The commands of mqadmin that ask NameServers and nothing else. */
export const MQADMIN_NAMES = [
  ...['topicList', 'topicRoute', 'topicClusterList', 'allocateMQ', 'updateOrderConf', 'updateKvConfig'],
  ...['deleteKvConfig', 'wipeWritePerm', 'addWritePerm', 'getNamesrvConfig', 'updateNamesrvConfig'],
]

export const MQADMIN_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'mqadmin',
    summary: 'NameServer commands of mqadmin, with its output',
    description:
      'Runs scripts written for mqadmin without a JVM. stdout is that of mqadmin 5.5.0 on Java 9 or later, byte for byte, except that ' +
      'invisible characters in names are escaped. A failure is one line on stderr and an exit code. ' +
      'Of several NameServers, lookups ask the first that responds, and changes go to all, without asking.',
    args: [
      {
        name: 'command',
        text: `${MQADMIN_NAMES.join(', ')}; if omitted, they are listed`,
        isOptional: true,
        choices: MQADMIN_NAMES,
      },
      {
        name: 'option',
        text: 'an option of mqadmin, such as -t TOPIC; -h lists them',
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
