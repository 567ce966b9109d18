import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { frame, headerOf, type RawClient, requestFrame } from '../support/raw-client.ts'
import { lookup } from '../support/requests.ts'
import { temporaryFolder } from '../support/start-server.ts'
import { codeOf, HONEST_TOPIC, startAttackedServer } from './attacked-server.ts'

/** What an attacker wants to write. */
const PATH = join(tmpdir(), `mqnamesrv-attacked-${process.pid}`)

/** Bodies of configuration updates (318) that name a key which no update may set, or hide one. */
const UPDATES: readonly [string, string | Buffer][] = [
  ['the published attack', `configStorePath=${PATH}\nproductEnvName=test/path\ntest\ntest`],
  ['the name that the first fix forbade', `configStorePathName=${PATH}`],
  ['the path of the key-value table', `kvConfigPath=${PATH}`],
  ['the home directory', `rocketmqHome=${PATH}`],
  ['the home directory of the user', `user.home=${PATH}`],
  ['the log file', `logPath=${PATH}`],
  ['the audit log', `auditLogPath=${PATH}`],
  ['the route snapshot', `routeSnapshotPath=${PATH}`],
  ['the black list itself', 'configBlackList='],
  ['the access file', `accessFile=${PATH}`],
  ['the access profile', 'accessProfile=open'],
  ['the networks of proxies', 'proxyProtocolTrustedNetworks=0.0.0.0/0'],
  ['the guard', 'registrationGuard=off'],
  ['TLS', 'tls.server.mode=disabled\ntls.server.need.client.auth=none'],
  ['the address', 'bindAddress=0.0.0.0\nlistenPort=1'],
  ['spaces around it', `  configStorePath  =  ${PATH}`],
  ['a tab and a form feed before it', `\t\fconfigStorePath=${PATH}`],
  ['a colon', `configStorePath:${PATH}`],
  ['a space instead of a sign', `configStorePath ${PATH}`],
  ['other capitals', `ConfigStorePath=${PATH}`],
  ['small letters', `configstorepath=${PATH}`],
  ['a Unicode escape', `\\u0063onfigStorePath=${PATH}`],
  ['escapes of letters that need none', `\\config\\Store\\Path=${PATH}`],
  ['a name on two lines', `conf\\\n   igStorePath=${PATH}`],
  ['an escaped space at its end', `configStorePath\\ =${PATH}`],
  ['an escaped sign in its name', `configStorePath\\=${PATH}`],
  ['an escaped NUL', `configStorePath\\u0000=${PATH}`],
  ['a byte order mark', `\ufeffconfigStorePath=${PATH}`],
  ['a full-width letter', `ｃonfigStorePath=${PATH}`],
  ['a Cyrillic letter', `сonfigStorePath=${PATH}`],
  ['an invisible space', `config\u200bStorePath=${PATH}`],
  ['percent encoding', `%63onfigStorePath=${PATH}`],
  ['UTF-16', Buffer.from(`configStorePath=${PATH}`, 'utf16le')],
  ['an overlong encoding', Buffer.concat([Buffer.of(0xc1, 0xa3), Buffer.from(`onfigStorePath=${PATH}`)])],
  ['compression', deflateSync(`configStorePath=${PATH}`)],
  ['JSON', `{"configStorePath":"${PATH}"}`],
  ['a carriage return after a permitted key', `enableTopicList=false\rconfigStorePath=${PATH}`],
  ['a comment that seems to continue', `#\\\nconfigStorePath=${PATH}`],
  ['a comment that ends with a carriage return', `#\rconfigStorePath=${PATH}`],
  ['an escaped line break in a value', `enableTopicList=false\\nconfigStorePath=${PATH}`],
  ['a Unicode line break in a value', `waitSecondsForService=1\\u000aconfigStorePath=${PATH}`],
  ['an empty value after another one', `configStorePath=${PATH}\nenableTopicList=false\nconfigStorePath=`],
  ['a permitted key that is invalid after it was valid', 'enableTopicList=false\nenableTopicList=x'],
  ['a prototype', `__proto__=x\n__proto__.configStorePath=${PATH}\nconstructor.prototype.isStored=true`],
  ['many keys', Array.from({ length: 5_000 }, (_, i) => `k${i}=1`).join('\n')],
  ['more bytes than an update may have', `enableTopicList=false\n#${'x'.repeat(1_000_000)}`],
  ['a time that no lookup outlives', 'needWaitForService=true\nwaitSecondsForService=2147000'],
]

async function configurationOf(operator: RawClient): Promise<string> {
  return `${(await operator.request({ code: 319 })).body}`
}

describe.each(UPDATES)('An update of the configuration with %s', (_, body) => {
  test.each([
    ['by default', 'default', [16]],
    ['where all may configure', 'open', [1, 16]],
  ])('%s is rejected whole, and changes no file', async (_, accessProfile, codes) => {
    const configStorePath = join(temporaryFolder(), 'namesrv.properties')
    const world = await startAttackedServer({ properties: { accessProfile, configStorePath } })
    const operator = await world.connect()
    expect(await codeOf(operator, { code: 318, body: 'orderMessageEnable=true' })).toBe(0)
    const [stored, shown] = [readFileSync(configStorePath, 'utf8'), await configurationOf(operator)]
    await world.attack(async () => {
      expect(codes).toContain(await codeOf(world.attacker, { code: 318, body }))
      world.attacker.send(requestFrame({ code: 318, flag: 2, body }))
      expect(await codeOf(world.attacker, lookup(HONEST_TOPIC))).toBe(0)
    })
    expect(await configurationOf(operator)).toBe(shown)
    expect(readFileSync(configStorePath, 'utf8')).toBe(stored)
    expect([PATH, `${PATH}.bak`].filter((path) => existsSync(path))).toEqual([])
  })
})

test('The fields of an update of the configuration, its binary header and updates of a broker or a proxy change nothing', async () => {
  const { attack, attacker, connect } = await startAttackedServer({ properties: { accessProfile: 'open' } })
  const operator = await connect()
  const shown = await configurationOf(operator)
  const body = `configStorePath=${PATH}`
  const extFields = { configStorePath: PATH, body, enableTopicList: 'false' }
  await attack(async () => {
    expect(await codeOf(attacker, { code: 318, extFields, body: '' })).toBe(0)
    const binary = Buffer.alloc(21)
    binary.writeInt16BE(318, 0)
    attacker.send(frame(binary, body, 1))
    expect(headerOf(await attacker.next()).code).toBe(16)
    for (const code of [25, 26, 28, 50, 51, 328, 329])
      expect(await codeOf(attacker, { code, extFields, body })).toBe(3)
  })
  expect(await configurationOf(operator)).toBe(shown)
})
