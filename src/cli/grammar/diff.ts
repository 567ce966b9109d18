import type { CommandDefinition } from './definition.ts'

export const DIFF_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'diff',
    summary: 'Where NameServers disagree',
    description:
      'Compares brokers, routes, key-value entries and configuration: by digests if all NameServers provide them, otherwise by looking up every topic. A difference counts if it is still there a second later. Exit code 1 if they differ.',
    args: [
      {
        name: 'namesrv',
        text: 'two or more NameServers (default: those of -n)',
        isOptional: true,
        isList: true,
        completion: 'none',
      },
    ],
    options: [
      {
        flags: '--topics <pattern>',
        text: 'only brokers, and topics matching this regular expression',
        completion: 'none',
      },
      {
        flags: '--sample <number>',
        text: 'of the topics, at most this many; the same ones each time',
        completion: 'none',
      },
      { flags: '--all', text: 'a row for each difference, even if topics differ alike' },
    ],
    examples: [
      { line: 'diff a:9876 b:9876', text: '' },
      { line: "diff a:9876 b:9876 c:9876 --topics '^order'", text: '' },
      { line: 'diff -n "a:9876;b:9876" -o json', text: 'for a program' },
    ],
    load: () => import('../commands/diff.ts'),
  },
]
