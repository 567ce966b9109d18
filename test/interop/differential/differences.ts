/** Every difference from the Java NameServer that is on purpose, by the name it has in docs/differences.md. */
const shownBySequences = [
  'exception-text',
  'partial-registration-refused',
  'unregistration-fields-required',
  'undeclared-compression-accepted',
  'shared-connection-removes-all',
  'stale-live-entry-removed',
  'shared-name-removed',
  'timeout-overflow',
  'disk-error-reported',
  'odd-json',
  'zlib-checksum-required',
  'first-bytes-read-at-once',
] as const

/** Those that take a race to see, or a moment, which no sequence of requests and answers can bring about at will. */
const shownByRacesOnly = ['first-scan', 'removal-fenced'] as const

export const differences: {
  readonly shownBySequences: readonly DifferenceId[]
  readonly shownByRacesOnly: readonly string[]
} = { shownBySequences, shownByRacesOnly }

export type DifferenceId = (typeof shownBySequences)[number]
