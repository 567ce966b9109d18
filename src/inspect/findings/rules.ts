/** How much a finding matters: clients cannot send or receive; some cannot, or soon will not; worth knowing. */
export const SEVERITIES = ['critical', 'warning', 'info'] as const
export type Severity = (typeof SEVERITIES)[number]

/** What a rule looks for, and how it is raised. */
export interface Rule {
  /** What a finding of it says, for the documentation. */
  readonly meaning: string
  /** The worst first. */
  readonly severities: readonly Severity[]
  /** How long it must hold before it is raised. Default 0: the first evaluation that sees it. */
  readonly raiseAfterMs?: number
  /** How long it must no longer hold before it is cleared. Default 0. */
  readonly clearAfterMs?: number
  /** Whether brokers that have not registered yet make it hold: it waits until all have had the time to, after the start. */
  readonly waitsForBrokers?: boolean
}

/** All rules, by id. Those that RocketMQ Studio's route diagnostics have too carry its names, in lower case. */
export const RULES = {
  no_route: {
    meaning:
      'Clients have asked for a topic that has no route, for half a minute or longer and within the last five minutes. Critical if it had one within the last 24 hours; info for topics that brokers and clients make for themselves. Topics that left with a broker are one finding about the broker.',
    severities: ['critical', 'warning', 'info'],
    waitsForBrokers: true,
  },
  no_brokers: {
    meaning:
      'No broker is registered, although one was since the start of this server or in the restored route snapshot: all have left or have not returned, and clients find no topic.',
    severities: ['critical'],
    // The only broker of a small cluster restarts in less.
    raiseAfterMs: 10_000,
    waitsForBrokers: true,
  },
  missing_master_address: {
    meaning: 'A broker group has members, but none with id 0: it accepts no messages.',
    severities: ['critical'],
    // A master that is elected or restarted is away for a moment.
    raiseAfterMs: 10_000,
    waitsForBrokers: true,
  },
  broker_name_in_two_clusters: {
    meaning:
      'Brokers of two clusters have one name: clients take them for one group and mix up their queues.',
    severities: ['critical'],
    raiseAfterMs: 10_000,
  },
  broker_id_conflict: {
    meaning:
      'Two brokers that are both alive register one broker name and id from different addresses: the route alternates between their addresses.',
    severities: ['critical'],
    // The former broker of an address that has changed is removed by then, even if its connection was never closed.
    raiseAfterMs: 150_000,
  },
  registration_rejected: {
    meaning:
      'The registrations of a broker have been rejected again and again for a minute and a half, by a limit, by the access policy or as damaged, and none was accepted since: its topics, or its latest changes, are missing here.',
    severities: ['warning'],
    // Longer than a single attempt holds, and the two that a broker makes in its first ten seconds.
    raiseAfterMs: 90_000,
  },
  registration_disputed: {
    meaning:
      'A request took over, kept or removed a live broker of another owner, or registered what no broker should, within the last ten minutes (`registrationGuard`). A broker id that changes hands once is a failover, and no finding.',
    severities: ['warning'],
  },
  duplicate_broker_address: {
    meaning: 'Brokers of different names announce one address.',
    severities: ['warning'],
    raiseAfterMs: 10_000,
  },
  missing_on_peer: {
    meaning:
      'A broker or topics have been missing from another NameServer of `peers` for longer than 60 seconds: its clients do not find them.',
    severities: ['critical'],
  },
  peer_diverged: {
    meaning:
      'Another NameServer of `peers` has had other routes, key-value entries or settings for longer than 60 seconds. Critical if a broker or a topic is missing here.',
    severities: ['critical', 'warning'],
  },
  nameserver_unreachable: {
    meaning:
      'A NameServer that is observed (`mqnamesrv observe`) does not respond, or rejects what it is asked: what is shown of it is old.',
    severities: ['critical'],
    // A restart takes less.
    raiseAfterMs: 30_000,
  },
  announced_address_differs: {
    meaning:
      'A broker announces an address of its own machine, its container or its private network (`brokerIP1`), but registers from another network: clients elsewhere cannot connect to it. Info where clients may be in the same network.',
    severities: ['warning', 'info'],
  },
  heartbeat_late: {
    meaning:
      'A broker has sent nothing for half of its heartbeat timeout and a margin of 5 s (a tenth of a short timeout).',
    severities: ['warning'],
    clearAfterMs: 15_000,
  },
  broker_lost: {
    meaning:
      'A broker left without a request of its own (killed, crashed, cut off, expired) within the last 24 hours and has not come back. Left out are a master whose slaves are still there (`missing_master_address`) and the last brokers of all (`no_brokers`).',
    severities: ['warning'],
    // A broker that restarts after a crash is away for a moment.
    raiseAfterMs: 30_000,
  },
  broker_flapping: {
    meaning: 'A broker has left or been removed three times or more within ten minutes.',
    severities: ['warning'],
  },
  mixed_broker_versions: {
    meaning: 'The brokers of a cluster run different releases.',
    severities: ['info'],
    // An upgrade is not over in less.
    raiseAfterMs: 3_600_000,
  },
  old_clients: {
    meaning:
      'Java clients older than 4.9.4 are connected: they read routes in a dialect of JSON that no later release needs.',
    severities: ['info'],
    // Tools connect for a moment.
    raiseAfterMs: 120_000,
  },
  write_queue_skew: {
    meaning:
      'Topics have at most half as many write queues on a broker as on another: messages are unevenly distributed.',
    severities: ['info'],
    waitsForBrokers: true,
  },
  read_write_queue_mismatch: {
    meaning:
      'Topics have different numbers of read and write queues on a broker. With more write queues, messages in the last ones are not consumed (warning); with fewer, the topics are perhaps being shrunk (info).',
    severities: ['warning', 'info'],
  },
  permission_not_writable: {
    meaning:
      'None of a broker\'s topics is writable, topics are writable on no broker, or a wipe (wipeWritePerm) is in effect: producers get "No route info of this topic" or use other brokers (warning). If other brokers accept the topics: info.',
    severities: ['warning', 'info'],
  },
  permission_not_readable: {
    meaning: 'Topics have no read permission on a broker: their messages there are not consumed.',
    severities: ['warning'],
  },
  single_broker_route: {
    meaning:
      'Topics are on one broker group of a cluster that has several: while that group is away, no broker accepts their messages.',
    severities: ['info'],
    // A broker that restarts leaves many topics on the others alone for a moment.
    raiseAfterMs: 60_000,
    waitsForBrokers: true,
  },
  static_topic_hole: {
    meaning: 'Logical queues of static topics are on no broker: sending to them fails.',
    severities: ['warning'],
    raiseAfterMs: 10_000,
    waitsForBrokers: true,
  },
  announced_address_unreachable: {
    meaning:
      'A broker has stopped sending heartbeats and its address accepts no connection from this server (`brokerProbe`).',
    severities: ['critical'],
  },
  access_file_rejected: {
    meaning:
      'The access file on the disk cannot be used: the previous policy is still in effect, and the next start will fail.',
    severities: ['warning'],
  },
  audit_log_failing: {
    meaning:
      'The audit log cannot be written: changes and rejections are lost, or after a rotation still written to the renamed file.',
    severities: ['warning'],
  },
  rate_exceeded: {
    meaning:
      'An address or an identity has kept exceeding a rate (section `rates` of the access file, or its default) for a minute or longer: its connections are closed, its requests get SYSTEM_BUSY.',
    severities: ['warning'],
    raiseAfterMs: 60_000,
    clearAfterMs: 60_000,
  },
  certificate_expires: {
    meaning:
      'The TLS certificate of this server, or one of the authorities of its clients, expires within 30 days (warning) or 3 days, or has expired (critical).',
    severities: ['critical', 'warning'],
  },
} as const satisfies Record<string, Rule>

export type RuleId = keyof typeof RULES
export const RULE_IDS = Object.keys(RULES) as RuleId[]

/** The rule of an id; its optional members have their defaults. */
export function ruleOf(id: RuleId): Required<Rule> {
  return { raiseAfterMs: 0, clearAfterMs: 0, waitsForBrokers: false, ...RULES[id] }
}

/** Orders findings: the worst first, then in the order of the rules. */
export function compareRules(a: RaisedRule, b: RaisedRule): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    RULE_IDS.indexOf(a.rule) - RULE_IDS.indexOf(b.rule)
  )
}

interface RaisedRule {
  readonly rule: RuleId
  readonly severity: Severity
}
