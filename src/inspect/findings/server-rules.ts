import { brokerConfLine, mqadmin } from '../commands.ts'
import { isoTime } from '../sources.ts'
import { hostOf } from './announced-address.ts'
import type { Observations } from './finding.ts'
import type { FindingSources } from './findings.ts'

const DAY_MS = 86_400_000

/** Rules about this server, and about what it has been told by others than the tables. */
export function checkServer(sources: FindingSources, found: Observations): void {
  checkCertificate(sources, found)
  checkSuspects(sources, found)
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

function checkSuspects({ suspects }: FindingSources, found: Observations): void {
  for (const { brokerName, brokerAddr, clusterName, peer, error } of suspects()) {
    found.add('announced_address_unreachable', 'critical', `${brokerName} ${brokerAddr}`, () => {
      const isElsewhere = peer !== undefined && hostOf(peer) !== hostOf(brokerAddr)
      const advice = isElsewhere
        ? `It registered from ${hostOf(peer)}: see whether brokerIP1 is right.`
        : 'See whether the broker and its machine run.'
      return {
        text: `${brokerName} at ${brokerAddr} sends no heartbeats, and its address takes no connection from this server. ${advice}`,
        evidence: { cluster: clusterName, error, ...(peer !== undefined && { registeredFrom: peer }) },
        command: isElsewhere
          ? brokerConfLine('brokerIP1', hostOf(peer))
          : mqadmin('brokerStatus', { b: brokerAddr }),
      }
    })
  }
}
