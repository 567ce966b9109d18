import { counted } from '../../common/counted.ts'
import type { Steps } from '../../common/time-slicer.ts'
import { MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'
import { mqnamesrv } from '../commands.ts'
import { at, causeText, memberText } from '../explain/wording.ts'
import type { Departure } from '../history/route-history.ts'
import { dateOf } from '../sources.ts'
import type { Observations } from './finding.ts'
import type { FindingSources } from './findings.ts'

/** A broker that stays away for longer was given up: it is no news any more. */
const REPORTED_MS = 86_400_000

/** Brokers that left and have not come back: all of them, or some. A step per broker name that is known. */
export function* checkDeparted(view: RouteView, sources: FindingSources, found: Observations): Steps<void> {
  const departed: DepartedMember[] = []
  for (const departures of sources.history.allDepartures()) {
    departed.push(...lastOfEachMember(departures))
    yield
  }
  if (isEmpty(view)) {
    if (departed.length > 0)
      found.add('no_brokers', 'critical', sources.identity.nodeId, () => departedDetails(departed, sources))
    return
  }
  for (const departure of departed) {
    if (isLost(departure, view, sources)) reportLost(departure, sources, found)
    yield
  }
}

function isEmpty(view: RouteView): boolean {
  for (const _ of view.groupsWithMembers()) return false
  return true
}

type DepartedMember = Departure & { readonly brokerId: bigint }

/** A replaced address (without an id) and a former name are not brokers of their own. */
function* lastOfEachMember(departures: readonly Departure[]): Generator<DepartedMember> {
  for (const [brokerId, departure] of new Map(departures.map((each) => [each.brokerId, each])))
    if (brokerId !== undefined && departure.cause !== 'renamed') yield { ...departure, brokerId }
}

function departedDetails(departed: readonly Departure[], sources: FindingSources) {
  const last = departed.reduce((latest, each) => (each.atMs >= latest.atMs ? each : latest))
  const notReturned = departed.filter(({ cause }) => cause === 'not returned').length
  const left = departed.length - notReturned
  const outcomes = [
    ...(left > 0 ? [`${counted(left, 'broker')} left`] : []),
    ...(notReturned > 0
      ? [`${counted(notReturned, 'broker')} did not return after the restart of this server`]
      : []),
  ]
  return {
    text: `No broker is registered: clients find no topic. ${outcomes.join(', ')}; the last one, ${memberText(last)}, ${causeText(last.cause)} ${at(last.atMs, sources)}. Start the brokers, or see whether they reach this server and have it in their namesrvAddr.`,
    evidence: {
      left,
      notReturned,
      lastDeparture: dateOf(last.atMs, sources),
      brokerNames: [...new Set(departed.map(({ brokerName }) => brokerName))],
    },
    command: mqnamesrv('broker explain', last.brokerName),
  }
}

/** Whether a broker that left without a request of its own is still missing. */
function isLost(departure: DepartedMember, view: RouteView, { history, nowMs }: FindingSources): boolean {
  const { atMs, brokerAddr, brokerId, brokerName, cause } = departure
  // An observed NameServer does not say whether the broker asked to leave.
  if (cause === 'request' || cause === 'not listed' || nowMs() - atMs > REPORTED_MS) return false
  const members = view.groupWithMembers(brokerName)?.brokerAddrs
  if (members === undefined) return true
  for (const address of members.values()) if (address === brokerAddr) return false
  // A group without a master is a finding of its own, missing_master_address.
  if (brokerId === MASTER_ID && !members.has(MASTER_ID)) return false
  const holder = members.get(brokerId)
  return holder === undefined || wasMember(brokerName, holder, atMs, history)
}

/** Whether an address was registered when another one left: it took over the id, and the other one has not come back elsewhere. */
function wasMember(
  brokerName: string,
  brokerAddr: string,
  atMs: number,
  history: FindingSources['history'],
): boolean {
  const past = history.broker(brokerName)?.members.find((member) => member.brokerAddr === brokerAddr)
  if (past === undefined || past.firstRegisteredMs >= atMs) return false
  return !history
    .departures(brokerName)
    .some((departure) => departure.brokerAddr === brokerAddr && departure.atMs <= atMs)
}

function reportLost(departure: Departure, sources: FindingSources, found: Observations): void {
  const { atMs, brokerAddr, brokerName, cause, clusterName, topics } = departure
  found.add('broker_lost', 'warning', `${brokerName} ${brokerAddr}`, () => {
    const effect = topics > 0 ? ` ${counted(topics, 'topic')} lost their queues there.` : ''
    return {
      text: `${memberText(departure)} ${causeText(cause)} ${at(atMs, sources)} and has not come back.${effect} Start it, or see why it does not register. A broker that is given up is listed for a day.`,
      evidence: { cluster: clusterName, cause, left: dateOf(atMs, sources), topics },
      command: mqnamesrv('broker explain', brokerName),
    }
  })
}
