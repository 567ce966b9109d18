import type { CommandDefinition } from './definition.ts'

export const CLUSTER_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'cluster list',
    summary: 'Clusters, with their group and broker counts',
    examples: [
      { line: 'cluster list', text: '' },
      { line: 'cluster list -o name', text: 'names only, one per line' },
    ],
    load: () => import('../commands/cluster-list.ts'),
  },
  {
    words: 'cluster show',
    summary: 'Brokers of a cluster, and how many topics it has',
    args: [{ name: 'cluster', text: 'name of a cluster', isList: true, completion: 'cluster' }],
    examples: [
      { line: 'cluster show DefaultCluster', text: '' },
      { line: 'cluster show DefaultCluster -o yaml', text: 'everything known about them' },
    ],
    load: () => import('../commands/cluster-show.ts'),
  },
]
