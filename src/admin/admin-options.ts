/** TLS to a NameServer. Contents are PEM. */
export interface AdminTls {
  /**
   * Authorities that the server's certificate must come from. Default: none, and the certificate is not checked, as by RocketMQ's
   * own tools: the traffic is encrypted, but the server's identity is not authenticated.
   */
  readonly ca?: string | Uint8Array | undefined
  /** Certificate of this client, with its key. Default: none. */
  readonly cert?: string | Uint8Array | undefined
  /** Private key of {@link cert}. */
  readonly key?: string | Uint8Array | undefined
  /** Name that the server's certificate must have. Default: the host of the address. */
  readonly serverName?: string | undefined
}

/** An account of RocketMQ's ACL. */
export interface Credentials {
  readonly accessKey: string
  readonly secretKey: string
}

/** How a NameServer is asked. */
export interface AdminOptions {
  /** The NameServer, ours or Java's, as `host:port`; without a port 9876. */
  readonly namesrvAddr: string
  /** Max time of a request, in milliseconds, the time to connect included. Default: 3000. */
  readonly timeoutMs?: number | undefined
  /** TLS: `true` for one whose certificate is not checked. Default: plaintext. */
  readonly tls?: boolean | AdminTls | undefined
  /** Account that signs requests. Default: none, they are not signed. */
  readonly credentials?: Credentials | undefined
}
