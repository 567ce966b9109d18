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
  {
    words: 'cluster snapshot',
    summary: 'Routes of a NameServer in a file, for a first start',
    description:
      'Reads all brokers and routes of a NameServer, Java’s or ours, and writes them as a route snapshot: mqnamesrv, started within ten minutes with this file as routeSnapshotPath, serves these routes at once until its brokers register.',
    args: [
      {
        name: 'file',
        text: 'file to write; an existing one is replaced only with -y',
        completion: 'file',
      },
    ],
    options: [{ flags: '-y, --yes', text: 'replace an existing file' }],
    examples: [{ line: 'cluster snapshot ~/namesrv/routes-9876.snapshot -n a:9876', text: '' }],
    load: () => import('../commands/cluster-snapshot.ts'),
  },
]
