import { isoTime } from '../sources.ts'
import type { Observations } from './finding.ts'
import type { FindingSources } from './findings.ts'

const DAY_MS = 86_400_000

/** Rules about this server, and about what it has been told by others than the tables. */
export function checkServer(sources: FindingSources, found: Observations): void {
  checkCertificate(sources, found)
}

function checkCertificate({ certificate, dateMs }: FindingSources, found: Observations): void {
  const inEffect = certificate()
  if (inEffect === undefined) return
  const leftMs = inEffect.notAfterMs - dateMs()
  if (leftMs > 14 * DAY_MS) return
  found.add('certificate_expires', leftMs > 3 * DAY_MS ? 'warning' : 'critical', inEffect.path, () => {
    const notAfter = isoTime(inEffect.notAfterMs)
    const when = leftMs <= 0 ? `expired on ${notAfter}` : `expires on ${notAfter}`
    return {
      text: `The TLS certificate in ${inEffect.path} ${when}; clients that verify it will reject it. Replace it and its key: they are read again without a restart.`,
      evidence: { notAfter, daysLeft: Math.floor(leftMs / DAY_MS) },
    }
  })
}
