import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openLog } from '../../src/cli/daemon/logger.ts'
import { frame, type RawClient, type Request, requestFrame } from '../support/raw-client.ts'
import { lookup, putKVConfig, registration, registrationBody, unregistration } from '../support/requests.ts'
import { temporaryFolder } from '../support/start-server.ts'
import { signed, startAttackedServer } from './attacked-server.ts'

/** Line breaks of every kind, what would pass for a line of each log, controls of terminals, marks of direction, invisible characters. */
const FORGED =
  '\n{"level":"info","msg":"FORGED"}\r\n[2026-01-01T00:00:00.000Z] INFO: FORGED\u0085\u2028\u2029\v\f' +
  '\u001b[2J\u001b]0;FORGED\u0007\u009b31m\u009dFORGED\u009c\b\u007f\0\u061c\u200e\u200f\u202a\u202e\u2066\u2069\u200b\u00ad\ufeff\u{e0041}'

/** Requests that have it wherever a peer can write a text. */
function requests(): readonly Request[] {
  const named = (over: Readonly<Record<string, string>>): Request => {
    const request = registration({ name: 'fake', address: '203.0.113.66:1' })
    return { ...request, extFields: { ...request.extFields, haServerAddr: '203.0.113.66:2', ...over } }
  }
  const jsonText = JSON.stringify(FORGED).slice(1, -1)
  return [
    lookup(FORGED),
    ...[
      'brokerName',
      'clusterName',
      'brokerAddr',
      'haServerAddr',
      'brokerId',
      'bodyCrc32',
      'heartbeatTimeoutMillis',
    ].map((field) => named({ [field]: FORGED })),
    { ...named({}), body: registrationBody(['@', 'T']).replaceAll('@', jsonText) },
    { ...named({}), body: `{"${jsonText}":${FORGED}` },
    { ...named({ brokerName: FORGED }), body: registrationBody(['T']) },
    { ...unregistration({ name: FORGED, address: FORGED }) },
    { ...unregistration({ name: FORGED, address: FORGED }), code: 904 },
    { ...unregistration(), code: 322, body: FORGED },
    { code: 216, extFields: { topic: FORGED, clusterName: FORGED } },
    { code: 205, extFields: { brokerName: FORGED } },
    {
      code: 217,
      extFields: { topic: FORGED },
      body: `{"queueDatas":[{"brokerName":"${jsonText}","perm":6}]}`,
    },
    { code: 217, extFields: { topic: FORGED }, body: FORGED },
    putKVConfig(FORGED, FORGED, FORGED),
    { code: 102, extFields: { namespace: FORGED, key: FORGED } },
    { code: 318, body: `${FORGED}=${FORGED}` },
    { code: 318, body: `\\u000aFORGED\\u202e=\\u009b` },
    { code: 318, body: `enableTopicList=\\u000aFORGED\\u202e\\u009b` },
    { code: 318, body: `configStorePath=\\u000aFORGED\\u202e` },
    { code: 1450, extFields: { path: `/api/v1/${FORGED}` } },
    { code: 1451, extFields: { connectionId: '1', address: FORGED } },
    { code: 999, extFields: { [FORGED]: FORGED } },
    signed(FORGED, FORGED, { code: 216, extFields: { topic: FORGED } }),
  ]
}

/** Headers that have it, as the cause of an error or as the language, and what begins no connection. */
const BYTES: readonly Buffer[] = [
  frame(`{"code":105,"language":${JSON.stringify(FORGED)},"remark":${JSON.stringify(FORGED)},"opaque":1}`),
  frame(`{"code":${FORGED}}`),
  frame(`{"code":"${JSON.stringify(FORGED).slice(1, -1)}"}`),
  frame(FORGED),
  Buffer.from(`PROXY ${FORGED}\r\n`),
  Buffer.from(`PROXY TCP4 ${FORGED} 10.0.0.1 1 2\r\n`),
]

describe('Texts of an attacker', () => {
  test.each([
    ['json', 'open'],
    ['json', 'guarded'],
    ['pretty', 'open'],
    ['pretty', 'guarded'],
  ] as const)(
    'neither make a line nor act on a terminal, in the log as %s and in the audit log, with the profile %s',
    async (logFormat, accessProfile) => {
      const folder = temporaryFolder()
      const [logPath, auditLogPath] = [join(folder, 'namesrv.log'), join(folder, 'audit.log')]
      const { logger } = await openLog({ logLevel: 'debug', logFormat, logPath, isTerminal: false })
      const { attack, connect, connectFrom, time } = await startAttackedServer({
        logger,
        properties: { accessProfile, auditLogPath },
      })
      await attack(async () => {
        const send = async (peer: RawClient, bytes: Buffer): Promise<void> => {
          // What is written of an address, and in a second, is limited.
          time.advance(1_000)
          peer.send(bytes)
          peer.socket.end()
          await peer.closed
        }
        for (const [index, request] of requests().entries())
          await send(await connectFrom(`203.0.113.${index}`), requestFrame(request))
        for (const bytes of BYTES) await send(await connect(), bytes)
      })
      const log = readFileSync(logPath, 'utf8')
      const lines = log.trimEnd().split('\n')
      expect(log.match(/FORGED/g)?.length).toBeGreaterThan(40)
      expect(log.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      for (const line of lines) {
        if (logFormat === 'json') expect(JSON.parse(line)).toHaveProperty('time')
        else expect(line).toMatch(/^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] (DEBUG|INFO|WARN|ERROR): /)
      }
      if (logFormat === 'json') expect(lines.filter((line) => JSON.parse(line).msg === 'FORGED')).toEqual([])
      const audited = readFileSync(auditLogPath, 'utf8')
      expect(audited.match(/FORGED/g)?.length).toBeGreaterThan(10)
      expect(audited.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      for (const line of audited.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('event')
    },
  )
})
