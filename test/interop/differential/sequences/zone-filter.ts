import type { RequestStep, Sequence } from '../sequence.ts'
import { ODD_NAME, register, topic } from './request-steps.ts'

/** 105 by clients of every kind that confine themselves to a zone. */
function lookups(topicName: string, zone: string): RequestStep[] {
  const extFields = { topic: topicName, __ZONE_MODE: 'true', __ZONE_NAME: zone }
  return [
    { code: 105, extFields },
    { code: 105, extFields, version: 300 },
    { code: 105, extFields: { ...extFields, acceptStandardJsonOnly: 'true' }, version: 300 },
    { code: 105, extFields, serializeType: 'ROCKETMQ' },
  ]
}

const mapping = (bname: string, currIdMap: object, epoch = 5): object => ({
  bname,
  currIdMap,
  dirty: false,
  epoch,
  scope: '__global__',
  topic: 'S',
  totalQueues: 12,
})

/** Zones with everything else that a route can have. */
export const zoneFilter: Sequence = {
  name: 'zone filter',
  releases: ['5.5.0'],
  properties: { supportActingMaster: true, orderMessageEnable: true },
  steps: [
    { code: 100, extFields: { namespace: 'ORDER_TOPIC_CONFIG', key: 'S', value: 'a:8;b:4' } },
    register(
      { name: 'a', addr: 'a:1', zone: 'z1', acting: true },
      {
        topics: [topic('S'), topic('R', { perm: 4 })],
        filter: ['f1', 'f2'],
        mapping: { S: mapping('a', { 0: 0, 10: 1, 9: 2 }) },
      },
    ),
    register(
      { name: 'b', addr: 'b:1', zone: 'z2', acting: true },
      {
        topics: [topic('S'), topic('R', { perm: 4 })],
        filter: ['f3'],
        mapping: { S: mapping('b', { 1: 0, 11: 1 }, 2 ** 53) },
      },
    ),
    // Groups without master: one whose slave acts as one where its queues are read-only, one whose slave does not.
    register(
      { name: 'c', addr: 'c:1', id: 3, zone: 'z2', acting: true },
      { topics: [topic('S'), topic('R', { perm: 4 })], filter: ['f4'] },
    ),
    register(
      { name: 'd', addr: 'd:1', id: 2, zone: 'z1', acting: false },
      { topics: [topic('S'), topic('R', { perm: 4 })] },
    ),
    register({ name: 'e', addr: 'e:1', zone: 'Straße É' }, { topics: [topic('S')] }),
    register({ name: 'f', addr: 'f:1', zone: 'İstanbul ǅ' }, { topics: [topic('S')] }),
    register({ name: 'g', addr: 'g:1', zone: '' }, { topics: [topic('S')] }),
    register({ name: 'h', addr: 'h:1', zone: ODD_NAME }, { topics: [topic('S'), topic(ODD_NAME)] }),
    register({ name: 'i', addr: 'i:1', cluster: 'c2' }, { topics: [topic('S')], filter: [] }),
    // The address of a group that stays, in one that goes.
    register(
      { name: 'j', addr: 'a:1', id: 0, cluster: 'c2', zone: 'z9' },
      { topics: [topic('S')], filter: ['f9'] },
    ),
    ...[
      'z1',
      'Z1',
      'z2',
      'z9',
      'z1 ',
      'nowhere',
      'STRASSE É',
      'straße é',
      'STRAßE É',
      'istanbul ǆ',
      'ISTANBUL Ǆ',
      ODD_NAME,
      ODD_NAME.toUpperCase(),
      'null',
    ].flatMap((zone) => ['S', 'R', ODD_NAME, 'unknown'].flatMap((name) => lookups(name, zone))),
    // Blank to Java, or not.
    ...[
      '',
      ' ',
      '\t\n',
      '\u000b',
      '\u001c\u001f',
      '\u2003',
      '\u3000',
      '\u2028',
      '\u0085',
      '\u00a0',
      '\u2007',
      '\u200b',
      '\ufeff',
      '\u0000',
    ].flatMap((zone) => lookups('S', zone)),
    ...['true ', 'yes', '1', 'TrUe', '', null].map((mode) => ({
      code: 105,
      extFields: { topic: 'S', __ZONE_MODE: mode, __ZONE_NAME: 'z1' },
    })),
    { code: 105, extFields: { topic: 'S', __ZONE_MODE: 'true', __ZONE_NAME: null } },
    { code: 105, extFields: { __ZONE_MODE: 'true', __ZONE_NAME: 'z1' } },
    // No other request is filtered.
    { code: 106, extFields: { __ZONE_MODE: 'true', __ZONE_NAME: 'z1' } },
    { code: 901, extFields: { brokerName: 'b', __ZONE_MODE: 'true', __ZONE_NAME: 'z1' } },
    // The master comes back, and its group is of another zone again.
    register(
      { name: 'c', addr: 'c:0', zone: 'z2', acting: true },
      { topics: [topic('S'), topic('R', { perm: 4 })], counter: 2 },
    ),
    ...lookups('S', 'z1'),
    ...lookups('R', 'z1'),
  ],
}
