// Written by npm run docs from the OpenAPI document.

/** What each view returns, by its path. */
export interface Views {
  /** The server in numbers. Totals are counted from its start: the difference between two responses, divided by that of `uptimeSeconds`, is a rate. */
  readonly '/api/v1/status': {
    readonly nodeId: string
    readonly version: string
    /** Of Node.js */
    readonly nodeVersion: string
    /** Different after each start */
    readonly bootId: string
    readonly started: string
    readonly time: string
    readonly uptimeSeconds: number
    /** As `/readyz` says: whether all checks hold */
    readonly ready: boolean
    readonly checks: readonly ({
      readonly name: string
      /** Why it does not hold; null if it does */
      readonly problem: string | null
    })[]
    /** Whether routes of the snapshot are shown whose brokers have not registered again */
    readonly provisional: boolean
    readonly findings: {
      readonly critical: number
      readonly warning: number
      readonly info: number
    }
    readonly tables: {
      /** Grows with every change of the routes */
      readonly revision: number
      /** As clients see them: this and the next members include what is restored */
      readonly topics: number
      /** Of these, topics that no broker has registered again */
      readonly provisionalTopics: number
      readonly staticTopics: number
      readonly brokerGroups: number
      readonly brokers: number
      /** Of these, brokers that are restored from the snapshot and have not registered again */
      readonly provisionalBrokers: number
      readonly clusters: number
      readonly kvEntries: number
      readonly kvBytes: number
    }
    /** How much of each limit is in use, by its key of the configuration */
    readonly limits: readonly ({
      readonly key: string
      /** Null for limits on a single request or address */
      readonly used: number | null
      /** In effect; null if it is off */
      readonly max: number | null
    })[]
    readonly totals: {
      readonly requests: number
      /** Lookups of routes (105) */
      readonly lookups: number
      readonly lookupsWithoutRoute: number
      /** Registrations of brokers (103) that were applied */
      readonly registrations: number
      readonly registrationsRejected: number
      /** Heartbeats without a registration (904) */
      readonly heartbeats: number
      /** Requests and connections beyond a limit */
      readonly rejected: number
      readonly internalErrors: number
      readonly connectionsAccepted: number
      readonly bytesIn: number
      readonly bytesOut: number
      readonly events: number
    }
    readonly process: {
      /** Total */
      readonly cpuSeconds: number
      readonly residentBytes: number
      readonly heapUsedBytes: number
      readonly heapTotalBytes: number
      /** Of buffers outside the heap */
      readonly externalBytes: number
      /** Total time in which the event loop worked */
      readonly eventLoopActiveMs: number
      /** Total time in which it waited */
      readonly eventLoopIdleMs: number
      /** How long it took just now to come to a task that was ready */
      readonly eventLoopDelayMs: number
    }
  }
  /** Clusters with their broker groups, in ascending order of their names. */
  readonly '/api/v1/clusters': {
    /** All clusters */
    readonly total: number
    /** Clusters that begin with `prefix` */
    readonly matching: number
    readonly clusters: readonly ({
      readonly cluster: string
      /** Names of its groups */
      readonly brokerGroups: {
        readonly total: number
        /** The first of them */
        readonly names: readonly (string)[]
      }
      /** Brokers of all groups */
      readonly members: number
      /** Of these, restored from the snapshot and not registered again */
      readonly provisionalMembers: number
      /** Groups without a broker of id 0 */
      readonly groupsWithoutMaster: {
        readonly total: number
        /** The first of them */
        readonly names: readonly (string)[]
      }
      /** Topics with queues in the cluster */
      readonly topics: number
    })[]
    /** `after` of the next page; null on the last one */
    readonly next: string | null
  }
  /** Broker groups with their members, in ascending order of their names. */
  readonly '/api/v1/brokers': {
    /** All groups */
    readonly total: number
    /** Groups of `cluster` that begin with `prefix` */
    readonly matching: number
    readonly brokers: readonly ({
      readonly brokerName: string
      /** More than one is a mistake in the configuration of the brokers */
      readonly clusters: readonly (string)[]
      readonly zone: string | null
      readonly enableActingMaster: boolean
      /** Whether any member is */
      readonly provisional: boolean
      /** Topics with queues on it */
      readonly topics: number
      /** Whether it has no master, or a member that is late, suspected or announces an address of another host */
      readonly needsAttention: boolean
      /** By id, the master (0) first */
      readonly members: readonly ({
        readonly brokerId: number | string
        /** As the broker announced it */
        readonly address: string
        /** late: no heartbeat for half of the timeout. suspected: late and unreachable (brokerProbe). provisional: restored from the snapshot and not registered again. unknown: it has no entry of its own in the tables */
        readonly state: "alive" | "late" | "suspected" | "provisional" | "unknown"
        /** Since the last heartbeat or registration */
        readonly heartbeatAgeMs: number | null
        /** It is removed after that long without one */
        readonly heartbeatTimeoutMs: number | null
        readonly lastRegistration: string | null
        /** Of its last registration, as is the version */
        readonly language: string | null
        /** MQVersion ordinal */
        readonly version: number | null
        /** Such as `V5_5_0` */
        readonly versionName: string | null
        /** Topics in its last registration */
        readonly registeredTopics: number | null
        readonly haServerAddress: string | null
        /** From where its last registration came */
        readonly peer: string | null
        /** Whether `address` and `peer` have the same IP address; null if either is unknown or a host name */
        readonly announcesOwnAddress: boolean | null
      })[]
    })[]
    /** `after` of the next page; null on the last one */
    readonly next: string | null
  }
  /** A broker group, the commands that change it, and its impact: what clients would lose if it stopped. */
  readonly '/api/v1/brokers/{name}': {
    readonly brokerName: string
    /** More than one is a mistake in the configuration of the brokers */
    readonly clusters: readonly (string)[]
    readonly zone: string | null
    readonly enableActingMaster: boolean
    /** Whether any member is */
    readonly provisional: boolean
    /** Topics with queues on it */
    readonly topics: number
    /** Whether it has no master, or a member that is late, suspected or announces an address of another host */
    readonly needsAttention: boolean
    /** By id, the master (0) first */
    readonly members: readonly ({
      readonly brokerId: number | string
      /** As the broker announced it */
      readonly address: string
      /** late: no heartbeat for half of the timeout. suspected: late and unreachable (brokerProbe). provisional: restored from the snapshot and not registered again. unknown: it has no entry of its own in the tables */
      readonly state: "alive" | "late" | "suspected" | "provisional" | "unknown"
      /** Since the last heartbeat or registration */
      readonly heartbeatAgeMs: number | null
      /** It is removed after that long without one */
      readonly heartbeatTimeoutMs: number | null
      readonly lastRegistration: string | null
      /** Of its last registration, as is the version */
      readonly language: string | null
      /** MQVersion ordinal */
      readonly version: number | null
      /** Such as `V5_5_0` */
      readonly versionName: string | null
      /** Topics in its last registration */
      readonly registeredTopics: number | null
      readonly haServerAddress: string | null
      /** From where its last registration came */
      readonly peer: string | null
      /** Whether `address` and `peer` have the same IP address; null if either is unknown or a host name */
      readonly announcesOwnAddress: boolean | null
    })[]
    readonly impact: {
      /** Addresses of the brokers that would stop */
      readonly stops: readonly (string)[]
      /** Whether the master of the group is among them */
      readonly losesMaster: boolean
      /** Topics that producers could no longer send to */
      readonly lastWritable: {
        readonly total: number
        /** The first of them */
        readonly names: readonly (string)[]
      }
      /** Topics that consumers could no longer read */
      readonly lastReadable: {
        readonly total: number
        /** The first of them */
        readonly names: readonly (string)[]
      }
      /** Of these, topics that other brokers have, but only provisionally: they have not registered again since the restart */
      readonly provisionalElsewhere: {
        readonly total: number
        /** The first of them */
        readonly names: readonly (string)[]
      }
      /** Topics whose order configuration names the group */
      readonly orderedTopics: {
        readonly total: number
        /** The first of them */
        readonly names: readonly (string)[]
      }
      /** Static topics with logical queues on the group */
      readonly staticTopics: {
        readonly total: number
        /** The first of them */
        readonly names: readonly (string)[]
      }
    }
    /** None if the name cannot be shown as it is */
    readonly commands: readonly ({
      readonly purpose: string
      /** For a shell; it asks the NameServers of the variable NAMESRV_ADDR */
      readonly command: string
    })[]
  }
  /** Topics with queues on a broker group, in ascending order of their UTF-16 units. */
  readonly '/api/v1/brokers/{name}/topics': {
    /** All topics of the group */
    readonly total: number
    /** Of these, topics that begin with `prefix` */
    readonly matching: number
    readonly topics: readonly ({
      readonly topic: string
      readonly readQueues: number
      readonly writeQueues: number
      /** 4 read, 2 write, 1 inherit, 8 priority; added up */
      readonly perm: number
      /** What `perm` allows */
      readonly access: "rw" | "r" | "w" | ""
      readonly sysFlag: number
      /** Restored from the snapshot; the broker has not registered again */
      readonly provisional: boolean
      /** Other broker groups with queues of the topic */
      readonly otherBrokers: number
    })[]
    /** `after` of the next page; null on the last one */
    readonly next: string | null
  }
  /** The last departure of each broker id that left or was removed since the start and that no broker has registered with again, the most recent first. The last 1,024 broker names are kept, with eight departures of each. */
  readonly '/api/v1/departures': {
    /** All departures, those beyond `limit` included */
    readonly total: number
    readonly departures: readonly ({
      readonly time: string
      readonly cluster: string
      readonly brokerName: string
      readonly brokerId: number | string
      /** As the broker announced it */
      readonly address: string
      /** unreachable: no heartbeat for a part of the timeout, and its address accepted no connection. not returned: restored from the snapshot and not registered within the grace period. renamed: its address registered under another name */
      readonly cause: "request" | "renamed" | "connection lost" | "disconnected by operator" | "expired" | "unreachable" | "not returned" | "not listed"
      /** The cause in words, to be read after the name */
      readonly text: string
      /** What asked for it, or from where the broker had registered */
      readonly peer: string | null
    })[]
  }
  /** Names of topics, in ascending order of their UTF-16 units. */
  readonly '/api/v1/topics': {
    /** All topics */
    readonly total: number
    /** Topics that begin with `prefix` */
    readonly matching: number
    readonly topics: readonly (string)[]
    /** `after` of the next page; null on the last one */
    readonly next: string | null
  }
  /** Queues of a topic on each broker group, and the commands that change it. */
  readonly '/api/v1/topics/{topic}': {
    readonly topic: string
    /** Its value in the namespace ORDER_TOPIC_CONFIG */
    readonly orderConf: string | null
    readonly brokers: readonly ({
      readonly brokerName: string
      readonly cluster: string | null
      readonly zone: string | null
      readonly readQueues: number
      readonly writeQueues: number
      /** 4 read, 2 write, 1 inherit, 8 priority; added up */
      readonly perm: number
      /** What `perm` allows */
      readonly access: "rw" | "r" | "w" | ""
      readonly sysFlag: number
      /** Restored from the snapshot; the broker has not registered again */
      readonly provisional: boolean
      /** As the broker last registered them, if a request (205, 327, 217) changed them since */
      readonly registered: {
        readonly readQueues: number
        readonly writeQueues: number
        /** 4 read, 2 write, 1 inherit, 8 priority; added up */
        readonly perm: number
        /** What `perm` allows */
        readonly access: "rw" | "r" | "w" | ""
        readonly sysFlag: number
      } | null
      /** The mapping of a static topic */
      readonly staticQueues: {
        /** Logical queues on all brokers */
        readonly totalQueues: number
        /** Of these, on this broker */
        readonly queues: number
        readonly epoch: number | string
        readonly scope: string | null
      } | null
      /** By id, the master (0) first */
      readonly members: readonly ({
        readonly brokerId: number | string
        /** As the broker announced it */
        readonly address: string
        /** late: no heartbeat for half of the timeout. suspected: late and unreachable (brokerProbe). provisional: restored from the snapshot and not registered again. unknown: it has no entry of its own in the tables */
        readonly state: "alive" | "late" | "suspected" | "provisional" | "unknown"
        /** Since the last heartbeat or registration */
        readonly heartbeatAgeMs: number | null
        /** It is removed after that long without one */
        readonly heartbeatTimeoutMs: number | null
        readonly lastRegistration: string | null
        /** Of its last registration, as is the version */
        readonly language: string | null
        /** MQVersion ordinal */
        readonly version: number | null
        /** Such as `V5_5_0` */
        readonly versionName: string | null
        /** Topics in its last registration */
        readonly registeredTopics: number | null
        readonly haServerAddress: string | null
        /** From where its last registration came */
        readonly peer: string | null
        /** Whether `address` and `peer` have the same IP address; null if either is unknown or a host name */
        readonly announcesOwnAddress: boolean | null
      })[]
    })[]
    /** None if the name cannot be shown as it is */
    readonly commands: readonly ({
      readonly purpose: string
      /** For a shell; it asks the NameServers of the variable NAMESRV_ADDR */
      readonly command: string
    })[]
  }
  /** The response of this server to a lookup (105) of a topic, as a client would get it. */
  readonly '/api/v1/topics/{topic}/route': {
    readonly topic: string
    readonly version: number
    readonly zone: string | null
    /** 0 success, 17 no route, 1 error */
    readonly code: number
    readonly remark: string | null
    /** Its body, byte for byte */
    readonly body: string | null
    /** The same as JSON, whatever the dialect */
    readonly route: Readonly<Record<string, unknown>> | null
    /** Broker names whose queues of the topic are restored from the snapshot: the broker has not registered again */
    readonly provisional: readonly (string)[]
  }
  /** The key-value table, which Java can show only by namespace. */
  readonly '/api/v1/kv': {
    /** Entries of all namespaces */
    readonly total: number
    /** Entries of `namespace` */
    readonly matching: number
    readonly entries: readonly ({
      readonly namespace: string
      readonly key: string
      /** Null reads back as absent */
      readonly value: string | null
    })[]
    /** `after` of the next page; null on the last one */
    readonly next: string | null
  }
  /** Every key of the configuration with its value in effect; secrets are hidden. */
  readonly '/api/v1/config': {
    readonly keys: readonly ({
      readonly key: string
      /** Null if it has none; `******` in place of a secret */
      readonly value: string | number | boolean | null
      /** In words if it depends on the machine or on other keys */
      readonly default: string | number | boolean | null
      readonly source: {
        readonly layer: "default" | "file" | "environment" | "option" | "update"
        /** Such as `namesrv.conf:12` */
        readonly place: string
      }
      /** When the value is read: at every use, by each new connection, at the start, or never */
      readonly effect: "live" | "connection" | "start" | "none"
      readonly unit: string | null
      /** Whether request 318 can change it */
      readonly updatable: boolean
      readonly meaning: string
    })[]
  }
  /** Open connections, and the last 1,024 that closed, with the reason. */
  readonly '/api/v1/connections': {
    /** All open connections */
    readonly open: number
    /** Connections accepted since the start */
    readonly accepted: number
    /** Of these, the ones that closed */
    readonly closed: number
    /** The same by cause */
    readonly closedBy: {
      readonly peer_closed: number
      readonly socket_error: number
      readonly idle: number
      readonly invalid_frame: number
      readonly handshake_failed: number
      readonly limit: number
      readonly broker_expired: number
      readonly closed_by_operator: number
      readonly shutdown: number
      readonly internal_error: number
    }
    /** Connections that the parameters select, on all pages */
    readonly matching: number
    readonly connections: readonly ({
      /** Counted from 1 in the order in which connections were accepted */
      readonly id: number
      /** `host:port` of the peer, also behind a proxy */
      readonly address: string
      readonly state: "handshake" | "open" | "closed"
      /** By the requests that it sent */
      readonly kind: "unknown" | "client" | "admin" | "broker"
      /** Of the last request, as is the version; null before the first */
      readonly language: string | null
      /** MQVersion ordinal */
      readonly version: number | null
      /** Such as `V5_5_0` */
      readonly versionName: string | null
      /** Null for plaintext */
      readonly tls: {
        readonly protocol: string
        readonly cipher: string
        /** Subject of the client's certificate */
        readonly clientSubject: string | null
      } | null
      /** Whether it began with a PROXY header */
      readonly proxied: boolean
      /** Whether this request came over it */
      readonly asking: boolean
      readonly requests: number
      /** Bytes of frames, without TLS and PROXY headers */
      readonly bytesIn: number
      readonly bytesOut: number
      readonly opened: string
      /** Until now, or until it closed */
      readonly idleMs: number
      readonly closed: string | null
      /** Why it closed */
      readonly cause: "peer_closed" | "socket_error" | "idle" | "invalid_frame" | "handshake_failed" | "limit" | "broker_expired" | "closed_by_operator" | "shutdown" | "internal_error" | null
      /** Code of the error, or the key of the limit */
      readonly code: string | null
      /** What happened */
      readonly detail: string | null
    })[]
  }
  /** Open connections by kind, language and version of their peers. */
  readonly '/api/v1/clients': {
    /** All open connections */
    readonly connections: number
    readonly kinds: readonly ({
      /** By the requests that it sent */
      readonly kind: "unknown" | "client" | "admin" | "broker"
      readonly tls: boolean
      readonly connections: number
    })[]
    /** The most frequent first, at most 64 */
    readonly clients: readonly ({
      /** By the requests that it sent */
      readonly kind: "unknown" | "client" | "admin" | "broker"
      readonly language: string
      /** MQVersion ordinal; -1 for all negative ones */
      readonly version: number
      /** Such as `V5_5_0` */
      readonly versionName: string
      readonly connections: number
      /** Some of the hosts, at most eight */
      readonly hosts: readonly (string)[]
    })[]
    /** Connections of programs beyond the first 64 */
    readonly others: number
  }
  /** The most recent events, the oldest first. */
  readonly '/api/v1/events': {
    readonly bootId: string
    /** Events since the start, those no longer kept included */
    readonly added: number
    readonly events: readonly ({
      /** `<boot>-<number>`; numbers are counted from 1 at each start */
      readonly id: string
      readonly time: string
      readonly kind: "broker_registered" | "broker_left" | "broker_lost" | "broker_expired" | "broker_unreachable" | "broker_not_returned" | "broker_listed" | "broker_not_listed" | "broker_suspected" | "broker_suspicion_cleared" | "registration_ignored" | "registration_disputed" | "removal_fenced" | "topics_changed" | "topic_registered" | "topic_deleted" | "permission_wiped" | "permission_restored" | "kv_changed" | "configuration_changed" | "connection_closed" | "rejected" | "request_denied" | "internal_error" | "server_failure" | "overload_began" | "overload_ended" | "restore_began" | "restore_ended" | "ready" | "not_ready" | "process_paused" | "descriptors_used_up" | "descriptors_free" | "finding_raised" | "finding_cleared" | "peer_verdict" | "nameserver_unreachable" | "nameserver_reachable" | "digest_drifted"
      /** The peer, the broker or the topic; empty for an event of the whole server */
      readonly subject: string
      readonly text: string
      /** This and the next members are null if this kind of event does not have them, as `finding_raised` and `finding_cleared`: their `subject` says what they are about */
      readonly cluster: string | null
      readonly brokerName: string | null
      readonly brokerId: number | string | null
      /** Of the broker or, for an event without a broker, of the peer */
      readonly address: string | null
      /** The topic that an operator deleted or registered */
      readonly topic: string | null
    })[]
  }
  /** The last 128 requests that the access policy rejected, or would have rejected in the mode `audit`, the most recent first. Equal ones are one entry. */
  readonly '/api/v1/rejections': {
    readonly rejections: readonly ({
      readonly count: number
      readonly first: string
      readonly last: string
      /** Address of the last one */
      readonly peer: string
      /** IP address by which it was decided */
      readonly host: string
      /** Request code */
      readonly code: number
      /** Its name, such as `UPDATE_NAMESRV_CONFIG` */
      readonly request: string
      readonly group: "lookup" | "list" | "register" | "admin" | "config" | "inspect"
      /** Which rule decided */
      readonly rule: string
      /** Account or certificate; null if none is proven */
      readonly identity: string | null
      /** As the request gave it, proven or not */
      readonly accessKey: string | null
      /** Why the account is not proven; null if it is */
      readonly unproven: string | null
      /** The first rule that would allow it to this sender, and the limit that it does not meet */
      readonly nearMiss: string | null
      /** False if it was let pass, in the mode `audit` */
      readonly enforced: boolean
    })[]
  }
  /** Who the sender of this request is to the access policy, and what it may do with requests that name no cluster, broker or topic. Requests to the HTTP port are anonymous. */
  readonly '/api/v1/access/whoami': {
    readonly profile: "open" | "default" | "guarded" | "strict"
    readonly mode: "enforce" | "audit" | "off"
    /** Null is anonymous */
    readonly identity: unknown
    /** IP address by which it is decided; `unknown` behind a proxy on this machine that `proxyProtocolTrustedNetworks` does not name, or whose PROXY header has no address */
    readonly host: string
    /** The first named network of the access file that it is in */
    readonly network: string | null
    readonly tls: boolean
    readonly groups: readonly ({
      readonly group: "lookup" | "list" | "register" | "admin" | "config" | "inspect"
      readonly allowed: boolean
      readonly rule: string
    })[]
  }
  /** What the access policy in effect would say to a request, and which rule decides. No request is made. */
  readonly '/api/v1/access/test': {
    readonly profile: "open" | "default" | "guarded" | "strict"
    readonly mode: "enforce" | "audit" | "off"
    /** Null is anonymous */
    readonly identity: unknown
    /** IP address by which it is decided; `unknown` behind a proxy on this machine that `proxyProtocolTrustedNetworks` does not name, or whose PROXY header has no address */
    readonly host: string
    /** The first named network of the access file that it is in */
    readonly network: string | null
    readonly tls: boolean
    readonly code: number
    readonly group: "lookup" | "list" | "register" | "admin" | "config" | "inspect"
    /** False is also let pass in the mode `audit` */
    readonly allowed: boolean
    /** The rule that decides */
    readonly rule: string
    /** Why the account counts as anonymous; null if it does not */
    readonly note: string | null
    /** The first rule that would allow it to this sender, and the limit that it does not meet */
    readonly nearMiss: string | null
  }
  /** Topics for which lookups found no route, the most frequent first; those that have a route by now last. */
  readonly '/api/v1/misses': {
    /** Lookups without a route since the start, of all topics */
    readonly lookups: number
    readonly topics: readonly ({
      readonly topic: string
      /** Lookups without a route: at most this many, at least `count` - `overestimate` */
      readonly count: number
      readonly overestimate: number
      readonly firstSeen: string
      readonly lastSeen: string
      /** Since when it has a route */
      readonly routeSince: string | null
      /** The first four clients that asked */
      readonly clients: readonly ({
        readonly address: string
        readonly language: string
        /** MQVersion in its requests */
        readonly version: number
        /** Such as `V5_5_0` */
        readonly versionName: string
      })[]
      /** Existing names that may have been meant, at most 5, the closest first */
      readonly similar: readonly ({
        readonly name: string
        /** What the names differ in */
        readonly likeness: "spaces" | "case" | "namespace" | "punctuation" | "one character"
      })[]
      /** How it lost its route, if it had one */
      readonly loss: string | null
    })[]
  }
  /** Why clients find a topic or not, or what has become of a broker, in sentences. Either `topic` or `broker` is required. */
  readonly '/api/v1/explain': {
    readonly subject: {
      readonly kind: "topic" | "broker"
      readonly name: string
    }
    readonly verdict: "routable" | "not_writable" | "not_readable" | "no_master" | "hidden_by_zone" | "in_product_environment" | "not_ready" | "deleted" | "dropped_by_registration" | "left_with_brokers" | "no_brokers" | "only_on_peers" | "rejected_by_limit" | "slaves_only" | "invalid_name" | "created_by_brokers" | "created_by_first_message" | "never_created" | "registered" | "provisional" | "heartbeat_late" | "address_unreachable" | "address_differs" | "id_conflict" | "no_master" | "not_writable" | "rejected" | "unregistered" | "connection_lost" | "expired" | "unreachable" | "not_returned" | "not_listed" | "renamed" | "only_on_peers" | "never_registered"
    /** The first sentence states the cause */
    readonly sentences: readonly (string)[]
    /** What to run, or to set in broker.conf; commands of mqnamesrv and mqadmin ask the NameServers of the variable NAMESRV_ADDR */
    readonly commands: readonly (string)[]
    /** What clients see at present */
    readonly now: {
      /** Of the response to a lookup: 0 success, 17 no route, 1 error */
      readonly code: number | null
      readonly remark: string | null
      /** Of a topic: its first 64 broker names */
      readonly brokers: readonly ({
        readonly brokerName: string
        readonly cluster: string
        /** 4 read, 2 write; added up */
        readonly perm: number
        readonly readQueues: number
        readonly writeQueues: number
        readonly hasMaster: boolean
        readonly provisional: boolean
        /** Whether the client sees it */
        readonly visible: boolean
        /** The peer that its master, or its first slave, registered from */
        readonly registeredFrom: string | null
        readonly lastRegistration: string | null
        /** As the broker registered it, if a request (205, 327, 217) changed it since */
        readonly registeredPerm: number | null
      })[] | null
      /** Of a broker: its first 64 members */
      readonly members: readonly ({
        readonly brokerId: number | string
        readonly address: string
        readonly peer: string | null
        readonly heartbeatAgeMs: number | null
        readonly provisional: boolean
      })[] | null
    }
    /** Lookups of the topic that found no route */
    readonly misses: {
      /** Lookups without a route: at most this many, at least `count` - `overestimate` */
      readonly count: number
      readonly overestimate: number
      readonly firstSeen: string
      readonly lastSeen: string
      /** Since when it has a route */
      readonly routeSince: string | null
      /** The first four clients that asked */
      readonly clients: readonly ({
        readonly address: string
        readonly language: string
        /** MQVersion in its requests */
        readonly version: number
        /** Such as `V5_5_0` */
        readonly versionName: string
      })[]
    } | null
    /** What happened, as far as it is kept: the last 64 events, the oldest first */
    readonly history: readonly ({
      readonly time: string
      readonly text: string
    })[]
    /** Existing names that may have been meant, at most 5, the closest first */
    readonly similar: readonly ({
      readonly name: string
      /** What the names differ in */
      readonly likeness: "spaces" | "case" | "namespace" | "punctuation" | "one character"
    })[]
  }
  /** What is wrong now, the worst first: each with its cause, its evidence and what fixes it. */
  readonly '/api/v1/findings': {
    /** Findings of each rule and severity. Of each, at most 100 are listed. */
    readonly counts: readonly ({
      readonly rule: "no_route" | "no_brokers" | "missing_master_address" | "broker_name_in_two_clusters" | "broker_id_conflict" | "registration_rejected" | "registration_disputed" | "duplicate_broker_address" | "missing_on_peer" | "peer_diverged" | "nameserver_unreachable" | "announced_address_differs" | "heartbeat_late" | "broker_lost" | "broker_flapping" | "mixed_broker_versions" | "old_clients" | "write_queue_skew" | "read_write_queue_mismatch" | "permission_not_writable" | "permission_not_readable" | "single_broker_route" | "static_topic_hole" | "announced_address_unreachable" | "access_file_rejected" | "audit_log_failing" | "rate_exceeded" | "certificate_expires"
      readonly severity: "critical" | "warning" | "info"
      readonly count: number
    })[]
    /** What is checked */
    readonly rules: readonly ({
      readonly rule: "no_route" | "no_brokers" | "missing_master_address" | "broker_name_in_two_clusters" | "broker_id_conflict" | "registration_rejected" | "registration_disputed" | "duplicate_broker_address" | "missing_on_peer" | "peer_diverged" | "nameserver_unreachable" | "announced_address_differs" | "heartbeat_late" | "broker_lost" | "broker_flapping" | "mixed_broker_versions" | "old_clients" | "write_queue_skew" | "read_write_queue_mismatch" | "permission_not_writable" | "permission_not_readable" | "single_broker_route" | "static_topic_hole" | "announced_address_unreachable" | "access_file_rejected" | "audit_log_failing" | "rate_exceeded" | "certificate_expires"
      readonly severities: readonly ("critical" | "warning" | "info")[]
      readonly meaning: string
    })[]
    readonly findings: readonly ({
      readonly rule: "no_route" | "no_brokers" | "missing_master_address" | "broker_name_in_two_clusters" | "broker_id_conflict" | "registration_rejected" | "registration_disputed" | "duplicate_broker_address" | "missing_on_peer" | "peer_diverged" | "nameserver_unreachable" | "announced_address_differs" | "heartbeat_late" | "broker_lost" | "broker_flapping" | "mixed_broker_versions" | "old_clients" | "write_queue_skew" | "read_write_queue_mismatch" | "permission_not_writable" | "permission_not_readable" | "single_broker_route" | "static_topic_hole" | "announced_address_unreachable" | "access_file_rejected" | "audit_log_failing" | "rate_exceeded" | "certificate_expires"
      readonly severity: "critical" | "warning" | "info"
      /** The NameServer, broker, cluster, topic, peer or file that it is about. Topics of one broker with the same problem are one finding about the broker. */
      readonly subject: string
      readonly since: string
      /** What is wrong, why, and what to do */
      readonly text: string
      /** Numbers, names and times that it rests on, by name */
      readonly evidence: Readonly<Record<string, string | number | readonly (string)[]>>
      /** A shell command or a line of `broker.conf` that fixes it, or shows more; null if no single one does. Commands of mqnamesrv and mqadmin ask the NameServers of the variable `NAMESRV_ADDR`. */
      readonly command: string | null
    })[]
  }
  /** Digests of the routes, the key-value table and the configuration, to compare NameServers: equal digests, equal contents. They do not depend on the order of registrations, on times, or on the release of brokers. */
  readonly '/api/v1/digest': {
    /** Grows with every change of the routes since the start */
    readonly revision: number
    /** Whether clients are shown restored routes, too, which are not part of the digests */
    readonly provisional: boolean
    readonly lastChange: string | null
    readonly parts: {
      /** Queues and permissions of topics */
      readonly routes: string
      /** Brokers with their ids and addresses */
      readonly groups: string
      /** Mappings of static topics */
      readonly static: string
      /** The key-value table */
      readonly kv: string
      /** The configuration keys on which the responses to clients and brokers depend */
      readonly config: string
    }
    readonly brokers: readonly ({
      readonly brokerName: string
      readonly digest: string
    })[]
    readonly kvNamespaces: readonly ({
      readonly namespace: string
      readonly digest: string
    })[]
    readonly buckets: readonly (string)[] | null
    /** Of the bucket that was asked for */
    readonly topics: readonly ({
      readonly topic: string
      readonly queues: readonly ({
        readonly brokerName: string
        readonly readQueueNums: number
        readonly writeQueueNums: number
        readonly perm: number
        readonly topicSysFlag: number
      })[]
    })[] | null
  }
  /** The other NameServers of the configuration key `peers`, and whether their routes agree with those of this one. */
  readonly '/api/v1/peers': {
    readonly peers: readonly ({
      readonly address: string
      /** Whether it responded the last time */
      readonly isUp: boolean
      readonly verdict: "agrees" | "settling" | "diverged" | "unknown"
      readonly since: string
      /** Why the verdict is `unknown`, or how far the comparison goes so far */
      readonly reason: string | null
      /** When it was last compared, or could not be */
      readonly compared: string | null
      readonly differences: readonly ({
        readonly kind: "broker_missing" | "broker_id" | "broker_address" | "broker_group" | "topic_missing" | "permission" | "queues" | "topic_flag" | "kv" | "config"
        readonly subject: string
        /** What this server has; null if it is missing */
        readonly here: string | null
        /** What the peer has; null if it is missing */
        readonly there: string | null
      })[]
    })[]
  }
  /** This document: every path with its parameters and the schema of its response, as OpenAPI 3.1. */
  readonly '/api/v1/openapi.json': {
    readonly openapi: string
    readonly info: Readonly<Record<string, unknown>>
    readonly paths: Readonly<Record<string, unknown>>
    readonly components: Readonly<Record<string, unknown>>
  }
}


/** What the path and the query of each view take. */
export interface ViewParameters {
  readonly '/api/v1/status': Readonly<Record<string, never>>
  readonly '/api/v1/clusters': {
    /** Only names that begin with it. */
    readonly prefix?: string | undefined
    /** Max elements of the list. Default 1,000. */
    readonly limit?: number | undefined
    /** Only what follows in the order of the list: `next` of the page before. */
    readonly after?: string | undefined
  }
  readonly '/api/v1/brokers': {
    /** `attention`: those that need attention come first. Default: `name`. */
    readonly sort?: "name" | "attention" | undefined
    /** Only groups of this cluster. */
    readonly cluster?: string | undefined
    /** Only names that begin with it. */
    readonly prefix?: string | undefined
    /** Max elements of the list. Default 1,000. */
    readonly limit?: number | undefined
    /** Only what follows in the order of the list: `next` of the page before. */
    readonly after?: string | undefined
  }
  readonly '/api/v1/brokers/{name}': {
    readonly name: string
    /** The impact of this member alone, instead of the whole group. */
    readonly address?: string | undefined
    /** Max names in each list of the impact. Default 1,000. */
    readonly limit?: number | undefined
  }
  readonly '/api/v1/brokers/{name}/topics': {
    readonly name: string
    /** Only names that begin with it. */
    readonly prefix?: string | undefined
    /** Max elements of the list. Default 1,000. */
    readonly limit?: number | undefined
    /** Only what follows in the order of the list: `next` of the page before. */
    readonly after?: string | undefined
  }
  readonly '/api/v1/departures': {
    /** Max departures. Default 1,000. */
    readonly limit?: number | undefined
  }
  readonly '/api/v1/topics': {
    /** Only names that begin with it. */
    readonly prefix?: string | undefined
    /** Max elements of the list. Default 1,000. */
    readonly limit?: number | undefined
    /** Only what follows in the order of the list: `next` of the page before. */
    readonly after?: string | undefined
  }
  readonly '/api/v1/topics/{topic}': {
    readonly topic: string
  }
  readonly '/api/v1/topics/{topic}/route': {
    readonly topic: string
    /** Version of the client: a release such as `4.9.7`, or the number in its requests. Default 5.5.0. */
    readonly version?: string | undefined
    /** JSON dialect of the client: `legacy` for one before 4.9.4, `standard` for one that accepts standard JSON only. Default: by its version. */
    readonly dialect?: "standard" | "legacy" | undefined
    /** Zone to which the client restricts its routes. Default: none. */
    readonly zone?: string | undefined
  }
  readonly '/api/v1/kv': {
    /** Only entries of this namespace. */
    readonly namespace?: string | undefined
    /** Max elements of the list. Default 1,000. */
    readonly limit?: number | undefined
    /** Only what follows: `next` of the page before. */
    readonly after?: string | undefined
  }
  readonly '/api/v1/config': Readonly<Record<string, never>>
  readonly '/api/v1/connections': {
    /** Which connections. Default: `open`. */
    readonly state?: "open" | "closed" | "all" | undefined
    /** `id`: the first accepted first; `opened`, `closed`: the last one first; `address`, `kind`, `language`, `cause`: in ascending order; others: the largest first. Default: `id`, or `closed` with `state=closed`. */
    readonly sort?: "id" | "opened" | "closed" | "requests" | "bytes" | "idle" | "version" | "address" | "kind" | "language" | "cause" | undefined
    /** `reverse`: the other way round. Default: as `sort` says. */
    readonly order?: "reverse" | undefined
    /** Only this many, the first ones in the order of `sort`. Default 1,024. */
    readonly limit?: number | undefined
    /** Without this many first ones. Default 0. */
    readonly offset?: number | undefined
    /** Only the connection with this id. */
    readonly id?: number | undefined
    /** Only peers of this kind. */
    readonly kind?: "unknown" | "client" | "admin" | "broker" | undefined
    /** Only peers whose address begins with it, such as `10.0.3.`. */
    readonly address?: string | undefined
    /** Only peers whose last request gave this language. */
    readonly language?: string | undefined
    /** Only peers whose last request gave this version, an MQVersion ordinal. */
    readonly version?: number | undefined
    /** Only connections that closed for this reason. */
    readonly cause?: "peer_closed" | "socket_error" | "idle" | "invalid_frame" | "handshake_failed" | "limit" | "broker_expired" | "closed_by_operator" | "shutdown" | "internal_error" | undefined
  }
  readonly '/api/v1/clients': Readonly<Record<string, never>>
  readonly '/api/v1/events': {
    /** Only events after the one with this id. */
    readonly since?: string | undefined
    /** Only events of this kind. */
    readonly kind?: "broker_registered" | "broker_left" | "broker_lost" | "broker_expired" | "broker_unreachable" | "broker_not_returned" | "broker_listed" | "broker_not_listed" | "broker_suspected" | "broker_suspicion_cleared" | "registration_ignored" | "registration_disputed" | "removal_fenced" | "topics_changed" | "topic_registered" | "topic_deleted" | "permission_wiped" | "permission_restored" | "kv_changed" | "configuration_changed" | "connection_closed" | "rejected" | "request_denied" | "internal_error" | "server_failure" | "overload_began" | "overload_ended" | "restore_began" | "restore_ended" | "ready" | "not_ready" | "process_paused" | "descriptors_used_up" | "descriptors_free" | "finding_raised" | "finding_cleared" | "peer_verdict" | "nameserver_unreachable" | "nameserver_reachable" | "digest_drifted" | undefined
    /** Only this many, the most recent ones. Default 1,000. */
    readonly limit?: number | undefined
  }
  readonly '/api/v1/rejections': Readonly<Record<string, never>>
  readonly '/api/v1/access/whoami': Readonly<Record<string, never>>
  readonly '/api/v1/access/test': {
    /** Request code, such as 318. */
    readonly code?: number | undefined
    /** IP address that it comes from. */
    readonly from?: string | undefined
    /** Access key of the account that signs it. Default: not signed. */
    readonly as?: string | undefined
    /** Common name of the client certificate, or a subject alternative name with its type, such as `DNS:broker-a`. Default: none. */
    readonly certificate?: string | undefined
    /** Whether it comes over TLS. Default: false. */
    readonly tls?: "true" | "false" | undefined
    /** Cluster that it names. */
    readonly cluster?: string | undefined
    /** Broker name that it names. */
    readonly broker?: string | undefined
    /** Topic that it names. */
    readonly topic?: string | undefined
    /** Addresses that it announces for a broker, `host:port`, separated by commas: those of `brokerIP1`, `brokerIP2` and filter servers. */
    readonly announce?: string | undefined
  }
  readonly '/api/v1/misses': {
    /** Only this many topics. Default 64. */
    readonly limit?: number | undefined
  }
  readonly '/api/v1/explain': {
    /** The topic. */
    readonly topic?: string | undefined
    /** The name of the broker, or its announced address. */
    readonly broker?: string | undefined
    /** Version of the client: a release such as `4.9.7`, or the number in its requests. Default 5.5.0. */
    readonly version?: string | undefined
    /** Zone to which the client restricts its routes. Default: none. */
    readonly zone?: string | undefined
  }
  readonly '/api/v1/findings': {
    /** Only findings of this severity. */
    readonly severity?: "critical" | "warning" | "info" | undefined
    /** Only findings of this rule. */
    readonly rule?: "no_route" | "no_brokers" | "missing_master_address" | "broker_name_in_two_clusters" | "broker_id_conflict" | "registration_rejected" | "registration_disputed" | "duplicate_broker_address" | "missing_on_peer" | "peer_diverged" | "nameserver_unreachable" | "announced_address_differs" | "heartbeat_late" | "broker_lost" | "broker_flapping" | "mixed_broker_versions" | "old_clients" | "write_queue_skew" | "read_write_queue_mismatch" | "permission_not_writable" | "permission_not_readable" | "single_broker_route" | "static_topic_hole" | "announced_address_unreachable" | "access_file_rejected" | "audit_log_failing" | "rate_exceeded" | "certificate_expires" | undefined
  }
  readonly '/api/v1/digest': {
    /** Adds the digest of each of 256 buckets, into which topics are put by a hash of their names. */
    readonly buckets?: "true" | "false" | undefined
    /** Adds the topics of this bucket with their queues. */
    readonly bucket?: number | undefined
  }
  readonly '/api/v1/peers': Readonly<Record<string, never>>
  readonly '/api/v1/openapi.json': Readonly<Record<string, never>>
}
