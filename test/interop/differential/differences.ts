/** Every difference from the Java NameServer that is on purpose, by the name it has in docs/differences.md. */
const shownBySequences = [
  'exception-text',
  'partial-registration-rejected',
  'unregistration-fields-required',
  'undeclared-compression-accepted',
  'shared-connection-removes-all',
  'moved-cluster-kept',
  'stale-live-entry-removed',
  'shared-name-removed',
  'newest-name-only',
  'version-query-checks-group',
  'id-taken-back',
  'system-topics-listed',
  'timeout-overflow',
  'disk-error-reported',
  'emptied-namespace-removed',
  'odd-json',
  'zlib-checksum-required',
  'first-bytes-read-at-once',
  'large-update-rejected',
  'secrets-hidden',
  'static-topic-ends',
  'parts-of-a-registration',
  'increment-is-partial',
  'update-restricted',
  'update-checked',
  'config-values-escaped',
] as const

/**
 * Those that take a race or a moment, which no sequence of requests and responses can bring about at will, or depend on what the
 * process of Java did before.
 */
const shownByRacesOnly = ['first-scan', 'removal-fenced', 'missing-opaque'] as const

/** Those of TLS, which no request shows: test/interop/{first-bytes,tls-legacy}.test.ts and test/namesrv/tls do. */
const shownByTlsOnly = [
  'test-mode-client-certificate',
  'tls-config-file-must-be-readable',
  'tls-reload-tried-again',
  'tls-not-renegotiated',
  'tls-unusable-files',
  'tls-weak-client-certificate',
  'tls-old-keys',
] as const
/** Those of modes that the servers of the differential test are not in; `cluster-test.test.ts`, `rolling-restart.test.ts` and `test/namesrv/live-configuration.test.ts` show them. */
const shownInOtherModes = ['cluster-test-mode', 'graceful-shutdown', 'update-without-file'] as const
/** Those that take more than a sequence can send, a restart, or a pause of the process: docs/reliability.md names their tests. */
const shownByFaults = ['limits', 'routes-restored', 'pause-excused'] as const

/** Those of request codes of our own, which Java does not know: test/http/api.test.ts and test/namesrv/close-connection.test.ts show them. */
const shownByOwnCodes = ['inspect-request', 'close-connection-request'] as const

export const differences: {
  readonly shownBySequences: readonly DifferenceId[]
  readonly shownByRacesOnly: readonly string[]
  readonly shownByTlsOnly: readonly string[]
  readonly shownInOtherModes: readonly string[]
  readonly shownByFaults: readonly string[]
  readonly shownByOwnCodes: readonly string[]
} = {
  shownBySequences,
  shownByRacesOnly,
  shownByTlsOnly,
  shownInOtherModes,
  shownByFaults,
  shownByOwnCodes,
}

export type DifferenceId = (typeof shownBySequences)[number]
