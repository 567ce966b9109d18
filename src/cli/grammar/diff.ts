import type { CommandDefinition } from './definition.ts'

export const DIFF_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'diff',
    summary: 'What NameServers disagree about: brokers, routes, key-value entries, configuration',
    description:
      'Compares entry by entry: by digests if all NameServers are mqnamesrv and show them, otherwise by looking up every topic. A difference counts if it is still there after a second. Exit code 1 if they differ.',
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
        text: 'compare only topics that match this regular expression',
        completion: 'none',
      },
      {
        flags: '--sample <number>',
        text: 'compare at most this many topics, the same ones each time',
        completion: 'none',
      },
      { flags: '--all', text: 'a row for each difference; otherwise topics that differ alike share one' },
    ],
    examples: [
      { line: 'diff a:9876 b:9876', text: '' },
      { line: "diff a:9876 b:9876 c:9876 --topics '^order'", text: 'three of them, some topics' },
      { line: 'diff -n "a:9876;b:9876" -o json', text: 'each difference, for a program' },
    ],
    load: () => import('../commands/diff.ts'),
  },
]
