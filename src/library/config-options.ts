// Written by npm run docs from the definitions in src/namesrv/config.

/** Keys of the configuration, each with its meaning, its default, and when its value is read. */
export interface ConfigOptions {
  /** Installation folder of RocketMQ. Only reported here; no file in it is read. It need not be set. Default: none. Read at start. */
  readonly rocketmqHome?: string | undefined
  /** File of the key-value table, read at the start and written at each change. Change it to keep the file elsewhere, such as on a mounted volume. Default: empty, the table is in memory. Read at start. */
  readonly kvConfigPath?: string | undefined
  /** Name of the product environment in cluster-test mode; part of the address server's URL. Used only with `clusterTest=true`. Set it to the name that your address server has for that environment. Default: `center`. Read at start. */
  readonly productEnvName?: string | undefined
  /** Cluster-test mode: looks up topics that are unknown here in a product environment. Turn it on in test clusters only. Default: `false`. Read at start. */
  readonly clusterTest?: boolean | undefined
  /** Adds a topic's order configuration to its route. Turn it on if producers send ordered messages with a configuration in the key-value table. Default: `false`. Read at every use. */
  readonly orderMessageEnable?: boolean | undefined
  /** Sends the order configuration to brokers in the response to each registration. Turn it off to save traffic where no order configuration is used. Default: `true`. Read at every use. */
  readonly returnOrderTopicConfigToBroker?: boolean | undefined
  /** Milliseconds between two scans for inactive brokers, and before the first; 5000 is the default in Java. Lower it to remove inactive brokers sooner after their timeout. (1 to 2147483647) Default: `10000`, ms. Read at start. */
  readonly scanNotActiveBrokerInterval?: number | undefined
  /** Max unregistrations waiting to be applied, of one address at most half; beyond it an unregistration is rejected, and the broker is removed when its connection closes. Raise it if more brokers than this are stopped at once. (at least 1) Default: `3000`. Read at start. */
  readonly unRegisterBrokerQueueCapacity?: number | undefined
  /** Lets the slave with the min broker id act as master in routes while the master is lost. Turn it on for brokers with `enableSlaveActingMaster=true`, which need it. Default: `false`. Read at every use. */
  readonly supportActingMaster?: boolean | undefined
  /** Serves requests for the list of all topics (206). Turn it off if polling tools make the list expensive. Default: `true`. Read at every use. */
  readonly enableAllTopicList?: boolean | undefined
  /** Serves requests for the topics of a cluster (224) and for unit topics (311, 312, 313). Turn it off if polling tools make them expensive. Default: `true`. Read at every use. */
  readonly enableTopicList?: boolean | undefined
  /** Notifies the brokers of a group when its min broker id changes. Turn it on with `supportActingMaster`, so that slaves learn of a lost master at once. Default: `false`. Read at every use. */
  readonly notifyMinBrokerIdChanged?: boolean | undefined
  /** Rejects route lookups for `waitSecondsForService` after the start, even if all brokers have registered: running clients keep complete routes meanwhile, and clients that start find none. Turn it on if the server starts without a route snapshot (`routeSnapshotPath`) while clients run. Default: `false`. Read at every use. */
  readonly needWaitForService?: boolean | undefined
  /** Seconds after the start during which route lookups are rejected, if `needWaitForService` is on; 0 rejects none. Set it above the `registerNameServerPeriod` of the brokers. (0 to 600) Default: `45`, s. Read at every use. */
  readonly waitSecondsForService?: number | undefined
  /** Removes a broker's topics that its registration no longer contains. Turn it on if brokers delete topics while this server cannot be reached. Default: `false`. Read at every use. */
  readonly deleteTopicWithBrokerRegistration?: boolean | undefined
  /** Keys, separated by `;`, that an update of the configuration must not name, besides those that no update may set; empty adds none. Set it to keys that only the file may set, such as `enableTopicList`. Default: `configBlackList;configStorePath;kvConfigPath`. Read at start. */
  readonly configBlackList?: string | undefined
  /** Address to listen on: a host name, IPv4 or IPv6 (`::1` or `[::1]`). Set it to one interface to keep the port off the others. Default: `127.0.0.1`. Read at start. */
  readonly bindAddress?: string | undefined
  /** TCP port to listen on; 0 takes any free port. Change it if the port is in use, and `namesrvAddr` of brokers and clients with it. (0 to 65535) Default: `9876`. Read at start. */
  readonly listenPort?: number | undefined
  /** Seconds without data after which a connection of a client or a broker is closed; 0 closes none. A broker whose connection closes is removed. It need not change: clients and brokers send something every 30 seconds, or every 60 at most. Keep it above that. (0 to 86400) Default: `120`, s. Read per connection. */
  readonly serverChannelMaxIdleTimeSeconds?: number | undefined
  /** At a shutdown first tells clients and brokers of RocketMQ 5.3.2 and newer to reconnect (`GO_AWAY`), for up to `shutdownWaitTimeSeconds`. Turn it on where several NameServers share one address. Default: `false`. Read at every use. */
  readonly enableShutdownGracefully?: boolean | undefined
  /** Max seconds that a shutdown waits for clients to leave, if `enableShutdownGracefully` is on; 0 waits for none. Lower it if the service manager ends the process sooner: a shutdown takes up to 15 seconds more. (0 to 600) Default: `30`, s. Read at every use. */
  readonly shutdownWaitTimeSeconds?: number | undefined
  /** Max oneway requests of this server (notifications of a new min broker id) waiting to be sent; more are dropped and counted. The default is enough for any cluster. (at least 1) Default: `com.rocketmq.remoting.clientOnewaySemaphoreValue` (65535). Read at start. */
  readonly clientOnewaySemaphoreValue?: number | undefined
  /** Max requests of this server (lookups in the product environment) waiting for a response; more fail. The default is enough: `clusterTestMaxLookups` is lower. (at least 1) Default: `com.rocketmq.remoting.clientAsyncSemaphoreValue` (65535). Read at start. */
  readonly clientAsyncSemaphoreValue?: number | undefined
  /** Milliseconds that an outgoing connection may take to open. Raise it for brokers behind slow networks. (1 to 2147483647) Default: `com.rocketmq.remoting.client.connect.timeout` (3000), ms. Read at start. */
  readonly connectTimeoutMillis?: number | undefined
  /** Seconds without data after which an outgoing connection is closed; 0 closes none. It is opened again when needed, so this need not change. (0 to 2147000) Default: `com.rocketmq.remoting.client.channel.maxIdleTimeSeconds` (120), s. Read at start. */
  readonly clientChannelMaxIdleTimeSeconds?: number | undefined
  /** Closes an outgoing connection when a response on it times out, so that the next request opens a new one. It need not change. Default: `com.rocketmq.remoting.client.closeSocketIfTimeout` (true). Read at start. */
  readonly clientCloseSocketIfTimeout?: boolean | undefined
  /** Uses TLS on outgoing connections. Turn it on if brokers accept only TLS. Default: `tls.enable`; if that is not set, whether `tls.server.mode` is `enforcing`. Read at start. */
  readonly useTLS?: boolean | undefined
  /** Max bytes of a frame, its length word included; a longer one closes the connection. Raise it, as on the brokers, if a broker registers more topics than fit. (at least 8) Default: `16777216`, bytes. Read at start. */
  readonly 'com.rocketmq.remoting.frameMaxLength'?: number | undefined
  /** Default of `clientAsyncSemaphoreValue`. Set that key instead. (at least 1) Default: `65535`. Read at start. */
  readonly 'com.rocketmq.remoting.clientAsyncSemaphoreValue'?: number | undefined
  /** Default of `clientOnewaySemaphoreValue`. Set that key instead. (at least 1) Default: `65535`. Read at start. */
  readonly 'com.rocketmq.remoting.clientOnewaySemaphoreValue'?: number | undefined
  /** Default of `connectTimeoutMillis`, in milliseconds. Set that key instead. (1 to 2147483647) Default: `3000`, ms. Read at start. */
  readonly 'com.rocketmq.remoting.client.connect.timeout'?: number | undefined
  /** Default of `clientChannelMaxIdleTimeSeconds`, in seconds; 0 closes none. Set that key instead. (0 to 2147000) Default: `120`, s. Read at start. */
  readonly 'com.rocketmq.remoting.client.channel.maxIdleTimeSeconds'?: number | undefined
  /** Default of `clientCloseSocketIfTimeout`. Set that key instead. Default: `true`. Read at start. */
  readonly 'com.rocketmq.remoting.client.closeSocketIfTimeout'?: boolean | undefined
  /** Encoding of the headers that this server sends. Every client and broker reads both; `ROCKETMQ` is more compact, and `JSON` is easier to read in a packet capture. Set `ROCKETMQ` if the network is slow. Default: `JSON`. Read at start. */
  readonly serializeType?: 'JSON' | 'ROCKETMQ' | undefined
  /** NameServers of the product environment, `host:port;host:port`; if not set, they are fetched from the address server (`rocketmq.namesrv.domain`). Used only with `clusterTest=true`. Set it in cluster-test mode if there is no address server. Default: none. Read at start. */
  readonly 'rocketmq.namesrv.addr'?: string | undefined
  /** Address server, `host:port` or a host, whose port is then 8080. Used only with `clusterTest=true` and without `rocketmq.namesrv.addr`. Set it to your address server: nothing can be fetched from the default. Default: `jmenv.tbsite.net`. Read at start. */
  readonly 'rocketmq.namesrv.domain'?: string | undefined
  /** Page of the address server: the URL's path is `/rocketmq/<this>-<productEnvName>`. Set it if your address server has another page. Default: `nsaddr`. Read at start. */
  readonly 'rocketmq.namesrv.domain.subgroup'?: string | undefined
  /** TLS on the listening port: `permissive` accepts TLS and plaintext, `enforcing` only TLS, `disabled` only plaintext. Use `enforcing` with `tls.test.mode.enable=false` for protection. Default: `permissive`. Read at start. */
  readonly 'tls.server.mode'?: 'permissive' | 'disabled' | 'enforcing' | undefined
  /** Uses TLS on outgoing connections, unless `useTLS` is set; not set: TLS if `tls.server.mode` is `enforcing`. Set `useTLS` instead. Default: none. Read at start. */
  readonly 'tls.enable'?: string | undefined
  /** A `.properties` file whose `tls.` keys override all other layers. It may be missing; if it exists, it must be readable. Change it if the file is elsewhere, or to share a machine with other programs of RocketMQ that read the default. Default: empty. Read at start. */
  readonly 'tls.config.file'?: string | undefined
  /** TLS test mode: the server uses a self-signed certificate, and no peer is verified. Traffic is encrypted, but no identity is authenticated. Turn it off in production. Default: `true`. Read at start. */
  readonly 'tls.test.mode.enable'?: boolean | undefined
  /** Whether a client must present a certificate: `none` (not asked), `optional` or `require`. Whether it is verified is up to `tls.server.authClient`. Set it to `require`, with `tls.server.authClient`, once all clients and brokers have certificates; to `optional` until then. Default: `none`. Read at start. */
  readonly 'tls.server.need.client.auth'?: string | undefined
  /** File of the server's private key, PKCS#8 PEM. Needed unless in test mode. Default: none. Read at start. */
  readonly 'tls.server.keyPath'?: string | undefined
  /** Password of the private key in `tls.server.keyPath`; not set or empty: the key is not encrypted. Set it if that key is encrypted. Default: none. Read at start. */
  readonly 'tls.server.keyPassword'?: string | undefined
  /** File of the server's certificate chain, PEM, its own certificate first. Needed unless in test mode. Default: none. Read at start. */
  readonly 'tls.server.certPath'?: string | undefined
  /** Verifies client certificates against `tls.server.trustCertPath`; if off, any certificate is accepted. Needs `tls.server.need.client.auth` to have an effect. Turn it on wherever client certificates are asked for. Default: `false`. Read at start. */
  readonly 'tls.server.authClient'?: boolean | undefined
  /** File of the CA certificates that client certificates must chain to, PEM; not set: the root certificates of Node.js. Set it with `tls.server.authClient`: a public authority proves no identity to the rules of `accessFile`. Default: none. Read at start. */
  readonly 'tls.server.trustCertPath'?: string | undefined
  /** File of the private key for outgoing TLS connections, PKCS#8 PEM; not set: no client certificate is presented. Set it, with `tls.client.certPath`, if brokers ask for a certificate. Default: none. Read at start. */
  readonly 'tls.client.keyPath'?: string | undefined
  /** Password of the private key in `tls.client.keyPath`; not set or empty: the key is not encrypted. Set it if that key is encrypted. Default: none. Read at start. */
  readonly 'tls.client.keyPassword'?: string | undefined
  /** File of the certificate chain for outgoing TLS connections, PEM; not set: no client certificate is presented. Set it, with `tls.client.keyPath`, if brokers ask for a certificate. Default: none. Read at start. */
  readonly 'tls.client.certPath'?: string | undefined
  /** Verifies the certificates of brokers and product NameServers against `tls.client.trustCertPath`; if off, any certificate is accepted. Turn it on with `useTLS` if those certificates come from an authority of your own. Default: `false`. Read at start. */
  readonly 'tls.client.authServer'?: boolean | undefined
  /** File of the CA certificates that server certificates must chain to, PEM; not set: the root certificates of Node.js. Set it with `tls.client.authServer`. Default: none. Read at start. */
  readonly 'tls.client.trustCertPath'?: string | undefined
  /** Cipher suites to offer, by Java's or OpenSSL's names, separated by commas, colons or spaces; not set: the default of Node.js. Set it if your rules name the suites that are allowed. Default: none. Read at start. */
  readonly 'tls.ciphers'?: string | undefined
  /** TLS versions to offer: `TLSv1.2`, `TLSv1.3` or both, separated by commas, colons or spaces; not set: both. Set it to `TLSv1.3` when no client needs TLS 1.2. Default: none. Read at start. */
  readonly 'tls.protocols'?: string | undefined
  /** Max outgoing connections, to brokers (notifications of a new min broker id) and to product NameServers; never more than an eighth of the open-file limit. Raise it, and that limit if needed, for more brokers than this with `notifyMinBrokerIdChanged`. (at least 1) Default: `1000`. Read at start. */
  readonly clientMaxConnections?: number | undefined
  /** Max unsent bytes on each outgoing connection; more is dropped and counted. The default holds about a thousand notifications. Raise it if some are dropped. (at least 1) Default: `262144`, bytes. Read at start. */
  readonly clientMaxQueuedBytes?: number | undefined
  /** Milliseconds that a lookup in the product environment may take (`clusterTest`); later requests of the same connection wait for it. Raise it for a distant product environment. (1 to 2147483647) Default: `3000`, ms. Read at start. */
  readonly clusterTestTimeoutMillis?: number | undefined
  /** Max topics being looked up in the product environment at a time (`clusterTest`); beyond it the response is SYSTEM_BUSY. Raise it if test clients start with more topics than this. (at least 1) Default: `256`. Read at start. */
  readonly clusterTestMaxLookups?: number | undefined
  /** Reads all plaintext connections into one buffer, through an undocumented part of Node.js. Turn it off, at a cost in speed, only if reads fail after an upgrade of Node.js. Default: `true`. Read at start. */
  readonly sharedReadBuffer?: boolean | undefined
  /** Max bytes of memory for routes that are kept encoded, so that a lookup need not encode its route again; 0 keeps none, and lookups are slower. Raise it if the routes in use need more. (at least 0) Default: `67108864`, bytes. Read at start. */
  readonly encodedRouteMaxBytes?: number | undefined
  /** Max bytes of memory for the last registrations of brokers, so that an unchanged one need not be read again; 0 keeps none, and registrations use more CPU time. The default holds ten brokers of 20,000 topics. Raise it for more brokers or topics. (at least 0) Default: `67108864`, bytes. Read at start. */
  readonly registrationMemoryMaxBytes?: number | undefined
  /** File to which the audit log is appended, in an existing folder: a line of JSON for each change by a request, and for each rejection; empty: none. SIGHUP opens it again after a rotation. A file that cannot be written does not stop the server. Set it if you must be able to tell who changed what. Default: empty. Read at start. */
  readonly auditLogPath?: string | undefined
  /** Networks whose PROXY headers are trusted, such as `10.0.0.0/8, fd00::/8`; a header from elsewhere closes its connection. Not set: all are trusted. Set it if clients can reach the port directly. Default: none. Read at start. */
  readonly proxyProtocolTrustedNetworks?: string | undefined
  /** YAML file that says who may do what: accounts, networks and rules, or a `plain_acl.yml`; empty: none, and `accessProfile` decides. Read again when it, or a file with a secret that it names, has changed, and on SIGHUP; a file that cannot be used changes nothing. Set it when clients, brokers or operators get accounts, or networks get rules. Default: empty. Read at start. */
  readonly accessFile?: string | undefined
  /** Ready-made rules for a start without `accessFile`, or with one that has no `profile`. `open`: everyone may do everything, as with Java; `default`: but only admins and this machine may change the configuration (318), close connections and read views; `guarded`: only they may delete topics and change permissions and key-value entries, too; `strict`: nothing without a rule. Set `guarded` if clients share the network with people who must not change the cluster. Default: `default`. Read at start. */
  readonly accessProfile?: 'open' | 'default' | 'guarded' | 'strict' | undefined
  /** Access key of the account of `accessFile` that signs the notifications sent to brokers (`notifyMinBrokerIdChanged`); empty: they are not signed, as with Java. Only groups whose members all have proven an account or a certificate are sent it. Set it if brokers have `authenticationEnabled`, to an account that they know and that nothing else uses: the signature reaches brokers, which could send it back, so it proves nothing to this server. Default: empty. Read at start. */
  readonly notifyAccessKey?: string | undefined
  /** Milliseconds that a TLS handshake may take before its connection is closed. Raise it for clients on slow links. (1 to 120000) Default: `10000`, ms. Read at start. */
  readonly tlsHandshakeTimeoutMillis?: number | undefined
  /** Accepts weak certificates of verified peers (`tls.server.authClient`, `tls.client.authServer`): signed with SHA-1 or MD5, or RSA keys under 2048 bits. Java accepts SHA-1. Turn it on only until they are replaced. Default: `false`. Read at start. */
  readonly tlsAllowWeakCertificates?: boolean | undefined
  /** Max bytes of a request header; a longer one closes the connection. Headers are usually a few hundred bytes, so this need not change. (1024 to 2097152) Default: `262144`, bytes. Read at start. */
  readonly maxHeaderBytes?: number | undefined
  /** Max bytes of the body of a request that is processed in one step (217, 322); a longer one is rejected. Registrations are not affected. Raise it if a legitimate client is rejected. (at least 1024) Default: `262144`, bytes. Read at start. */
  readonly maxRequestBodyBytes?: number | undefined
  /** Max bytes of an update of the configuration (318); a longer one is rejected. An update has a few keys, so this need not be raised; set it to 0 to reject every update. (at least 0) Default: `65536`, bytes. Read at start. */
  readonly maxConfigUpdateBytes?: number | undefined
  /** Max changes of the key-value table, and of the configuration, that wait for the disk; beyond it the response is SYSTEM_BUSY. One address may have at most half; loopback, accounts and certificates are exempt. Raise it if a tool makes more changes at a time. (at least 1) Default: `256`. Read at start. */
  readonly maxWaitingChanges?: number | undefined
  /** File of the route snapshot, from which a restarted server serves routes until brokers have registered again; empty: none, and the server starts without routes, as with Java. Change it to keep the file elsewhere, such as on a mounted volume. Default: empty. Read at start. */
  readonly routeSnapshotPath?: string | undefined
  /** Milliseconds between two writes of the route snapshot, each only if a route has changed or restored brokers have not registered yet. Raise it if the disk is slow. (100 to 2147483647) Default: `10000`, ms. Read at start. */
  readonly routeSnapshotIntervalMillis?: number | undefined
  /** Grace period after the start, in milliseconds: a broker of the route snapshot that has neither registered nor sent a heartbeat when it ends is removed. Set it to at least twice the `registerNameServerPeriod` of the brokers, which is 30 seconds by default and 60 at most. (1 to 2147483647) Default: `120000`, ms. Read at start. */
  readonly routeSnapshotGraceMillis?: number | undefined
  /** Max age of the route snapshot at the start, in milliseconds; an older one is not used. Raise it if the server may be stopped for longer than this. (at least 1) Default: `600000`, ms. Read at start. */
  readonly routeSnapshotMaxAgeMillis?: number | undefined
  /** Milliseconds that brokers whose connections closed while the process was paused have to register again; 0 removes them at once. Set it to the `registerNameServerPeriod` of the brokers. (0 to 2147483647) Default: `30000`, ms. Read at start. */
  readonly registrationRoundMillis?: number | undefined
  /** Connects to brokers that send no heartbeats, and logs those that cannot be reached, before their heartbeat timeout (120 s by default). Turn it on if this server can reach the addresses of the brokers. Default: `false`. Read at start. */
  readonly brokerProbe?: boolean | undefined
  /** Percentage of a broker's heartbeat timeout after which a broker without heartbeats is probed (`brokerProbe`). The default is 60 of 120 s, two missed heartbeats. Lower it to notice an unreachable broker sooner. (1 to 99) Default: `50`, %. Read at start. */
  readonly brokerProbeAfterPercent?: number | undefined
  /** Milliseconds that a probe may take to connect (`brokerProbe`); a broker that takes longer counts as unreachable. Raise it for brokers behind slow networks. (1 to 2147483647) Default: `3000`, ms. Read at start. */
  readonly brokerProbeTimeoutMillis?: number | undefined
  /** Removes unreachable brokers from routes before their heartbeat timeout (`brokerProbe`), as long as at least half of the brokers send heartbeats. Turn it on if clients must stop using such a broker sooner. Default: `false`. Read at start. */
  readonly brokerProbeEvicts?: boolean | undefined
  /** Max open connections of clients and brokers; further ones are closed at once. Raise it, together with the open-file limit of the process, for more clients and brokers than this: each has one. (at least 1) Default: `50000`. Read at start. */
  readonly maxConnections?: number | undefined
  /** Max open connections of one address, taken from the PROXY header if there is one; further ones are closed at once. 0: no limit. Raise it, or set it to 0, for a proxy or NAT with more clients behind it. (at least 0) Default: `20000`. Read at start. */
  readonly maxConnectionsPerAddress?: number | undefined
  /** Max bytes held for requests of all connections: half for incomplete ones (beyond it, of the connections that hold much, the one longest without progress is closed), half for those being processed (beyond it a large one gets SYSTEM_BUSY). Raise it if large registrations of many brokers come together; lower it if memory is short. (at least 1048576) Default: `536870912`, bytes. Read at start. */
  readonly maxQueuedRequestBytes?: number | undefined
  /** Max bytes of responses that peers have not read, of all connections; beyond it, of those that hold much, the one longest without progress is closed. Raise it if many slow clients ask for long lists; lower it if memory is short. (at least 1048576) Default: `268435456`, bytes. Read at start. */
  readonly maxQueuedAnswerBytes?: number | undefined
  /** Max bytes to which one compressed registration may inflate; all in progress together may take four times that. Beyond either, a registration is rejected. Raise it if that happens to a legitimate broker. (1 to 4294967296) Default: four times `com.rocketmq.remoting.frameMaxLength` (67108864), bytes. Read at start. */
  readonly maxInflatedBytes?: number | undefined
  /** Max registrations in progress, one for each connection; beyond it the response is SYSTEM_BUSY, and the broker retries with its next registration. One address may have at most half, as with maxBrokers. Raise it for more brokers than this. (at least 1) Default: `4000`. Read at start. */
  readonly maxRegistrationsInFlight?: number | undefined
  /** Max requests waiting for the route tables; beyond it the response is SYSTEM_BUSY. One address may have at most half; loopback is exempt. The default is that of a request queue in Java. Raise it if requests are rejected while large registrations are applied. (at least 1) Default: `10000`. Read at start. */
  readonly maxWaitingRequests?: number | undefined
  /** Max registered brokers, masters and slaves; the registration of one more is rejected and changes nothing, unless that broker was registered before. One address may have as many as are left for others, at most half; loopback, and accounts, certificates and named networks of the access file, are exempt. Raise it for a larger cluster. (at least 1) Default: `10000`. Read at start. */
  readonly maxBrokers?: number | undefined
  /** Max topics of all brokers together, by name; a registration that would exceed it is rejected and changes nothing, unless a broker brings back those it had. Topics that only brokers of one address have may be as many as are left for others, as with maxBrokers. Raise it for a larger cluster, with memory for the routes. (at least 1) Default: `1000000`. Read at start. */
  readonly maxTopics?: number | undefined
  /** Max entries of the key-value table; one more is rejected. One address may have as many as are left for others, at most half, besides those in the file at the start; loopback, accounts and certificates are exempt. Raise it only if needed: each change writes the whole file, which takes longer the more entries there are. (at least 1) Default: `50000`. Read at start. */
  readonly maxKVEntries?: number | undefined
  /** Max bytes of all namespaces, keys and values of the key-value table; a change that would exceed it is rejected. One address may use at most half, as with maxKVEntries. Raise it only if needed: the order configuration in it is part of every registration response. (at least 1) Default: `4194304`, bytes. Read at start. */
  readonly maxKVBytes?: number | undefined
  /** What happens to a request that takes over, keeps or removes a live broker of another owner, or registers what no broker should: `off`, it is carried out, as with Java; `log`, it is carried out and reported; `refuse`, it is rejected. The owner is the account or certificate that a broker registers with, otherwise its IP address. `guard.takeOver` in the access file overrides it. Use `refuse` where brokers have accounts or certificates, or keep their addresses. Default: `log`. Read at start. */
  readonly registrationGuard?: 'off' | 'log' | 'refuse' | undefined
  /** Max milliseconds of the heartbeat timeout that a broker may ask for (`registrationGuard`), so that none stays in the routes without heartbeats. Brokers ask for 10 seconds (`brokerNotActiveTimeoutMillis`) with acting masters, otherwise for none. `guard.maxHeartbeatTimeoutMillis` in the access file overrides it. Raise it if your brokers ask for more. (at least 1) Default: `600000`, ms. Read at start. */
  readonly maxHeartbeatTimeoutMillis?: number | undefined
  /** Milliseconds of event-loop delay, three times in a row, that count as an overload: lists of topics and brokers then get SYSTEM_BUSY until it is over. 0 disables this. Raise it if a slow machine rejects lists needlessly. (0 to 2147483647) Default: `1000`, ms. Read at start. */
  readonly overloadLagMillis?: number | undefined
  /** Address on which the HTTP server listens: a host name, IPv4 or IPv6. Set it to `0.0.0.0` to be scraped and probed from other machines, and then set `httpTokenFile` or restrict the port by a firewall: the views name every client and topic. Default: `127.0.0.1`. Read at start. */
  readonly httpBindAddress?: string | undefined
  /** Max open connections of the HTTP server; further ones are closed at once, and when half of them are open, the longest idle ones are closed. Raise it if more monitors and browsers connect. (at least 1) Default: `256`. Read at start. */
  readonly httpMaxConnections?: number | undefined
  /** Serves HTTPS instead of HTTP, with the certificate of the server (`tls.server.certPath`); client certificates are not asked for. While key and certificate cannot be used the port is closed; it opens within a second after their files are repaired. Turn it on if the HTTP port is reachable from other machines. Default: `false`. Read at start. */
  readonly httpTls?: boolean | undefined
  /** File with the bearer token that HTTP requests must carry, in one line; empty: none is required. Health checks and the address service never need it. A changed file takes effect within a second. If all users can read it, a warning is logged. Set it if other machines can reach the HTTP port. Default: empty. Read at start. */
  readonly httpTokenFile?: string | undefined
  /** Host names by which HTTP clients may call this server, separated by commas, besides `localhost` and IP addresses; other names get 421, which protects browsers from DNS rebinding; empty: no other names. Set it to the DNS name of this server. Default: empty. Read at start. */
  readonly httpAllowedHosts?: string | undefined
  /** Fails the start if the HTTP port cannot be bound or has no usable certificate. By default a warning is logged and the server starts without it. Turn it on if the server must not run unmonitored. Default: `true`. Read at start. */
  readonly httpRequired?: boolean | undefined
  /** Serves the list of NameServers at `/rocketmq/nsaddr` of the HTTP server, from which clients and brokers without a configured address can get it. Turn it off if this server must not be found that way. Default: `true`. Read at start. */
  readonly nsAddrService?: boolean | undefined
  /** NameServers that `/rocketmq/nsaddr` returns, `host:port` separated by semicolons or commas; empty: this server, at the address at which the HTTP request reached it. Set it to all NameServers of the cluster, the same list on each. Default: empty. Read at start. */
  readonly nsAddrList?: string | undefined
  /** Name of this server in metrics and views; empty: host name and port. Set it if host names are not unique. Default: empty. Read at start. */
  readonly nodeId?: string | undefined
  /** Max topics kept for which lookups found no route, the most frequent ones; 0: none. Raise it if more topics are missing at once. (0 to 1000) Default: `64`. Read at start. */
  readonly topicMissLimit?: number | undefined
  /** Max brokers that have metrics of their own (heartbeat age); the metrics of further ones are left out; 0: no broker has any. Raise it for a larger cluster, as far as the monitoring system takes it. (at least 0) Default: `1000`. Read at start. */
  readonly brokerSeriesLimit?: number | undefined
  /** Adds `rocketmq_rpc_latency_milliseconds`, with the labels and buckets of RocketMQ 5 (RIP-46), to the metrics. Turn it on to use dashboards made for brokers. Default: `false`. Read at start. */
  readonly rpcLatencyMetrics?: boolean | undefined
  /** Other NameServers whose routes are compared with those of this one, `host:port` separated by commas or semicolons; empty: none. NameServers of Java are supported. Differences become metrics, events and findings, and change nothing. Set it to all other NameServers of the cluster. Default: empty. Read at start. */
  readonly peers?: string | undefined
  /** Milliseconds between two comparisons with each of the `peers`; longer for peers that do not respond, and for those on other machines or of Java with more than 5,000 topics. Raise it if a peer has little capacity. (1 to 2147483647) Default: `10000`, ms. Read at start. */
  readonly peersIntervalMillis?: number | undefined
}
