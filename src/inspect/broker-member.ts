import { longValue } from './view.ts'

/** A broker of a group, as the views show it. A NameServer without views tells the first two members only. */
export interface BrokerMember {
  readonly brokerId: number | string
  readonly address: string
  readonly state: string | null
  readonly heartbeatAgeMs: number | null
  readonly heartbeatTimeoutMs: number | null
  readonly lastRegistration: string | null
  readonly language: string | null
  readonly version: number | null
  readonly versionName: string | null
  readonly registeredTopics: number | null
  readonly haServerAddress: string | null
  readonly peer: string | null
  readonly announcesOwnAddress: boolean | null
}

/** All that is unknown of a broker of which only the id and the address are known. */
export const UNKNOWN_MEMBER: Omit<BrokerMember, 'brokerId' | 'address'> = {
  state: null,
  heartbeatAgeMs: null,
  heartbeatTimeoutMs: null,
  lastRegistration: null,
  language: null,
  version: null,
  versionName: null,
  registeredTopics: null,
  haServerAddress: null,
  peer: null,
  announcesOwnAddress: null,
}

/** Of a group of which only ids and addresses are known: its members by id, the master first. */
export function membersById(
  brokerAddrs: Iterable<readonly [id: bigint, address: string]>,
): Pick<BrokerMember, 'brokerId' | 'address'>[] {
  return [...brokerAddrs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, address]) => ({ brokerId: longValue(id), address }))
}
