/** How much of everything a server takes, on all of its connections together. */
export interface RemotingLimits {
  /** Most open connections. */
  readonly maxConnections: number
  /** Most open connections of one address. */
  readonly maxConnectionsPerAddress: number
  /** Most bytes held for requests: one half for those that are not whole, the other for those that are being worked on. */
  readonly maxQueuedRequestBytes: number
  /** Most bytes held for peers that have not read them. */
  readonly maxQueuedAnswerBytes: number
}

/** For a server of which something else sees to that. */
export const UNLIMITED: RemotingLimits = {
  maxConnections: Number.POSITIVE_INFINITY,
  maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
  maxQueuedRequestBytes: Number.POSITIVE_INFINITY,
  maxQueuedAnswerBytes: Number.POSITIVE_INFINITY,
}
