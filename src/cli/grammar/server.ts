import { EVENT_KINDS } from '../../stats/recent-events.ts'
import type { CommandDefinition, OptionDefinition } from './definition.ts'

const KIND_OPTION: OptionDefinition = {
  flags: '--kind <kinds>',
  text: 'only events of these kinds, separated by commas',
  isList: true,
  choices: EVENT_KINDS,
}

/** Commands about NameServers themselves. */
export const SERVER_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'ping',
    summary: 'Whether each NameServer responds, and how fast',
    description:
      'Sends a request that every NameServer serves, mqnamesrv or Java’s. Exit code 3 if none responds.',
    examples: [
      { line: 'ping', text: 'the NameServer on this machine' },
      { line: 'ping -n "a:9876;b:9876" -o json', text: 'two of them, for a program' },
    ],
    load: () => import('../commands/ping.ts'),
  },
  {
    words: 'status',
    summary: 'Version, uptime, brokers, topics, requests, memory',
    description: 'Java’s NameServer shows only its version, brokers and topics.',
    examples: [
      { line: 'status', text: '' },
      { line: 'status -n "a:9876;b:9876"', text: 'two of them in a table' },
    ],
    load: () => import('../commands/status.ts'),
  },
  {
    words: 'health',
    summary: 'Whether clients may be sent to each NameServer',
    description:
      'Shows the checks of /readyz, which mqnamesrv by default reveals only to commands on its own machine: elsewhere the exit code is 4. Java’s NameServer is healthy if it responds and knows a broker. Exit code 1 if a NameServer is unhealthy. --watch and --exit-when-healthy print a line for each change, with -o json an object per line; the exit code is that of the last state.',
    options: [
      { flags: '--watch', text: 'keep running until interrupted' },
      { flags: '--exit-when-healthy', text: 'keep running until all are healthy' },
      {
        flags: '--wait <duration>',
        text: 'with one of these two: max time to run, such as 30s or 5m',
        completion: 'none',
      },
    ],
    examples: [
      { line: 'health', text: '' },
      { line: 'health --exit-when-healthy --wait 2m', text: 'in a script, after a start' },
    ],
    load: () => import('../commands/health.ts'),
  },
  {
    words: 'doctor',
    summary: 'What is wrong, worst first, and how to fix it',
    description:
      'Shows the findings of mqnamesrv. The routes of Java’s NameServer are checked for missing masters, duplicate addresses, permissions and queue counts. Exit code 1 if a finding is critical or a warning; 0 if all are info.',
    options: [
      {
        flags: '--severity <severity>',
        text: 'only findings at least this severe: critical, warning, info (default: info)',
        choices: ['critical', 'warning', 'info'],
      },
    ],
    examples: [
      { line: 'doctor', text: '' },
      { line: 'doctor --severity critical -o json', text: 'for monitoring' },
    ],
    load: () => import('../commands/doctor.ts'),
  },
  {
    words: 'check',
    summary: 'Whether a broker or NameServer can be stopped safely',
    description:
      'A broker can be stopped if no topic has its last writable or readable queues there. For self, name the NameServer to stop first in -n: one of the others must have all of its brokers, topics and queues. If it is the only one named, its peers are asked. Exit code 1 if it must not be stopped.',
    args: [
      {
        name: 'broker',
        text: 'the broker group, with --stop broker',
        isOptional: true,
        completion: 'broker',
      },
    ],
    options: [
      {
        flags: '--stop <what>',
        text: 'what is to be stopped: broker, or self (the NameServer)',
        choices: ['broker', 'self'],
      },
    ],
    examples: [
      { line: 'check --stop broker broker-a', text: 'before stopping a broker group' },
      { line: 'check --stop self -n "a:9876;b:9876"', text: 'can a be stopped?' },
    ],
    load: () => import('../commands/check.ts'),
  },
  {
    words: 'events',
    summary: 'Recent events, oldest first (mqnamesrv only)',
    description: `Kinds: ${EVENT_KINDS.join(', ')}.`,
    options: [
      { flags: '--since <id>', text: 'only events after the one with this id', completion: 'none' },
      KIND_OPTION,
      {
        flags: '--limit <number>',
        text: 'only this many, the most recent (default: 100, max: 4096)',
        completion: 'none',
      },
    ],
    examples: [{ line: 'events --kind broker_lost,broker_expired', text: 'brokers that were lost' }],
    load: () => import('../commands/events.ts'),
  },
  {
    words: 'watch',
    summary: 'Events as they happen (mqnamesrv only)',
    description:
      'Prints a line per event until interrupted, with -o json an object per line. Exit code 3 if no NameServer can be reached at the start. Afterwards it reconnects when one restarts or is unreachable for a while; events lost meanwhile are reported on stderr. mqnamesrv help events lists the kinds of events.',
    options: [
      {
        flags: '--since <id>',
        text: 'start after the event with this id instead of now',
        completion: 'none',
      },
      KIND_OPTION,
    ],
    examples: [
      { line: 'watch', text: '' },
      { line: 'watch -o jsonl -n "a:9876;b:9876"', text: 'two NameServers, for a program' },
    ],
    load: () => import('../commands/watch.ts'),
  },
  {
    words: 'top',
    summary: 'Live view of rates, brokers, misses and findings',
    description:
      'Misses are lookups of topics that have no route. Keys: q quit, tab and 1 to 4 section, s sort, / filter, p pause, n next NameServer, ? help. Prints one plain frame if stdout is not a terminal.',
    options: [
      {
        flags: '--interval <duration>',
        text: 'refresh interval, such as 500ms or 5s (default: 2s)',
        completion: 'none',
      },
      { flags: '--once', text: 'print one plain frame and exit' },
    ],
    examples: [
      { line: 'top', text: '' },
      { line: 'top --once -o json', text: 'one sample, for a program' },
    ],
    load: () => import('../commands/top.ts'),
  },
  {
    words: 'observe',
    summary: 'Page, metrics, findings over other NameServers',
    description:
      'Polls NameServers, Java’s or ours, changes nothing, and shows them until interrupted: the page and /api/v1 of the first at /, of each at /namesrv/<address>/, all in /metrics. docs/observe.md has the rest.',
    options: [
      { flags: '--listen <address>', text: 'HTTP address (default: 127.0.0.1:8876)', completion: 'none' },
      {
        flags: '--interval <duration>',
        text: 'between two reads of brokers (default: 10s)',
        completion: 'none',
      },
      {
        flags: '--routes-every <duration>',
        text: 'until a route is read again (default: 5m)',
        completion: 'none',
      },
      {
        flags: '--max-lookups <number>',
        text: 'per second and NameServer, max 1000 (default: 25)',
        completion: 'none',
      },
    ],
    examples: [{ line: 'observe -n "a:9876;b:9876"', text: 'two of them, and how they differ' }],
    hasOwnOutput: true,
    isService: true,
    load: () => import('../commands/observe.ts'),
  },
  {
    words: 'dump',
    summary: 'Everything NameServers show, in a JSON file for support',
    description:
      'Contains the names of topics, brokers and clients, their addresses, key-value entries, and the configuration without secrets. Only its owner can read the file. mqnamesrv leaves out the queues of topics if it has more than 10,000.',
    args: [
      {
        name: 'file',
        text: 'file to write; an existing one is replaced only with -y (default: stdout)',
        isOptional: true,
        completion: 'file',
      },
    ],
    options: [
      { flags: '-y, --yes', text: 'replace an existing file' },
      { flags: '-o, --output <format>', text: 'json, the only format', choices: ['json'] },
      { flags: '--json', text: 'the same as -o json' },
    ],
    examples: [
      { line: 'dump namesrv.json', text: '' },
      { line: 'dump -n "a:9876;b:9876" | gzip > both.json.gz', text: 'two NameServers' },
    ],
    hasOwnOutput: true,
    load: () => import('../commands/dump.ts'),
  },
  {
    words: 'version',
    summary: 'Version of this program',
    description: 'status shows the versions of running NameServers.',
    examples: [{ line: 'version -o json', text: 'with its commit and the version of Node.js' }],
    isLocal: true,
    load: () => import('../commands/version.ts'),
  },
]
