import type { CommandDefinition } from './definition.ts'

export const MQADMIN_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'mqadmin',
    summary: 'Commands of RocketMQ’s mqadmin that ask NameServers only, with its options and output',
    description:
      'For scripts written for mqadmin: stdout is byte for byte that of mqadmin 5.5.0 (Java 9 or later), unless a name has hidden ' +
      'characters. A failure, however, is one line on stderr and an exit code instead of a stack trace and 0. With several ' +
      'NameServers, reads ask the first one that responds, changes are made on all. It never asks for confirmation.',
    args: [
      { name: 'command', text: 'topicRoute, topicList, …; without one, all are listed', isOptional: true },
      {
        name: 'option',
        text: 'of that command, as mqadmin has them: -t TOPIC',
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
