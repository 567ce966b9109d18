import type { CommandDefinition } from './definition.ts'

export const CLUSTER_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'cluster list',
    summary: 'Clusters with the number of their broker groups and brokers',
    examples: [
      { line: 'cluster list', text: '' },
      { line: 'cluster list -o name', text: 'names only, one a line' },
    ],
    load: () => import('../commands/cluster-list.ts'),
  },
]
