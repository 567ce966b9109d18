import { EVENT_KINDS } from '../../stats/recent-events.ts'
import type { CommandDefinition, OptionDefinition } from './definition.ts'

const KIND_OPTION: OptionDefinition = {
  flags: '--kind <kind>',
  text: 'only events of this kind, such as broker_lost',
  choices: EVENT_KINDS,
}

/** Commands about NameServers themselves. */
export const SERVER_COMMANDS: readonly CommandDefinition[] = [
  {
    words: 'ping',
    summary: 'Whether each NameServer responds, and how fast',
    description:
      'Sends one request that every NameServer serves, mqnamesrv and Java’s. Exit code 3 if none responds.',
    examples: [
      { line: 'ping', text: 'the NameServer on this machine' },
      { line: 'ping -n "a:9876;b:9876" -o json', text: 'two of them, for a program' },
    ],
    load: () => import('../commands/ping.ts'),
  },
  {
    words: 'status',
    summary: 'A NameServer in numbers: version, uptime, brokers, topics, requests, memory',
    description: 'Of another NameServer than mqnamesrv: its version and the size of its lists.',
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
      'The checks of /readyz, which mqnamesrv by default shows only to commands on its own machine: elsewhere the exit code is 4. Another NameServer is healthy if it responds and knows a broker. Exit code 1 if one is unhealthy. With --watch or --exit-when-healthy it prints a line on every change, with -o json an object a line, and ends with the code of the last state.',
    options: [
      { flags: '--watch', text: 'keep running until interrupted' },
      { flags: '--exit-when-healthy', text: 'keep running until all are healthy' },
      {
        flags: '--wait <duration>',
        text: 'max time to run, with one of these two: 30s, 5m',
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
    summary: 'What is wrong now, the worst first, with the command that fixes it',
    description:
      'The findings of mqnamesrv. In other NameServers the lists and routes are checked for missing masters, duplicate addresses, permissions and numbers of queues. Exit code 1 if anything is critical or a warning; info alone is 0.',
    options: [
      {
        flags: '--severity <severity>',
        text: 'only findings at least as bad: critical, warning, info (default: info)',
        choices: ['critical', 'warning', 'info'],
      },
    ],
    examples: [
      { line: 'doctor', text: '' },
      { line: 'doctor --severity critical -o json', text: 'for a monitor' },
    ],
    load: () => import('../commands/doctor.ts'),
  },
  {
    words: 'check',
    summary: 'Whether a broker or a NameServer may be stopped without harm to clients',
    description:
      'A broker may be stopped if no topic has its last writable or readable queues there. For self, list the NameServer to stop first in -n: one of the others must have all of its brokers, topics and queues. With one address its peers are asked. Exit code 1 if it must not be stopped.',
    args: [{ name: 'broker', text: 'name of the broker group', isOptional: true, completion: 'broker' }],
    options: [
      {
        flags: '--stop <what>',
        text: 'what to stop: broker (with its name), self (the NameServer)',
        choices: ['broker', 'self'],
      },
    ],
    examples: [
      { line: 'check --stop broker broker-a', text: 'before a broker group is stopped' },
      { line: 'check --stop self -n "a:9876;b:9876"', text: 'may a be stopped?' },
    ],
    load: () => import('../commands/check.ts'),
  },
  {
    words: 'events',
    summary: 'What happened at a NameServer recently, the last event at the end (mqnamesrv only)',
    options: [
      { flags: '--since <id>', text: 'only events after this one', completion: 'none' },
      KIND_OPTION,
      { flags: '--limit <number>', text: 'only the last ones (default: 100, max: 4096)', completion: 'none' },
    ],
    examples: [
      { line: 'events --kind broker_lost', text: 'brokers whose connection closed' },
      { line: 'events -o jsonl --limit 4096', text: 'all that are kept' },
    ],
    load: () => import('../commands/events.ts'),
  },
  {
    words: 'watch',
    summary: 'Events as they happen, a line each, until interrupted (mqnamesrv only)',
    description:
      'Keeps running when a NameServer restarts or cannot be reached for a while. Events lost meanwhile are reported on stderr. With -o json, each event is an object on one line.',
    options: [
      { flags: '--since <id>', text: 'begin after this event instead of now', completion: 'none' },
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
    summary: 'Live view of a NameServer: rates, brokers, lookups without a route, findings',
    description:
      'Keys: q quit, tab and 1 to 4 section, s sort, / filter, p pause, n next NameServer, ? help. Prints one plain frame if stdout is no terminal.',
    options: [
      { flags: '--interval <duration>', text: 'refresh interval (default: 2s)', completion: 'none' },
      { flags: '--once', text: 'one plain frame' },
    ],
    examples: [
      { line: 'top', text: '' },
      { line: 'top --once -o json', text: 'one sample, for a program' },
    ],
    load: () => import('../commands/top.ts'),
  },
  {
    words: 'dump',
    summary: 'All that NameServers show of themselves, as one JSON file for support',
    description:
      'Contains names of topics, brokers and clients, their addresses, key-value entries and the configuration without secrets. The file is readable by its owner only. Queues of topics are left out of mqnamesrv with more than 10,000 topics.',
    args: [
      {
        name: 'file',
        text: 'to write, not over an existing one without -y (default: stdout)',
        isOptional: true,
        completion: 'file',
      },
    ],
    options: [
      { flags: '-y, --yes', text: 'replace an existing file' },
      { flags: '-o, --output <format>', text: 'json, as without it', choices: ['json'] },
      { flags: '--json', text: 'the same' },
    ],
    examples: [
      { line: 'dump namesrv.json', text: '' },
      { line: 'dump -n "a:9876;b:9876" | gzip > both.json.gz', text: 'two NameServers' },
    ],
    hasOwnOutput: true,
    load: () => import('../commands/dump.ts'),
  },
]
