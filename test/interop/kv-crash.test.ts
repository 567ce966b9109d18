import { randomInt } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { headerOf, RawClient, requestFrame } from '../support/raw-client.ts'
import { getKVConfig, putKVConfig } from '../support/requests.ts'
import { freePort } from './harness/broker-ports.ts'
import { type NameServer, startNameServer, subject } from './harness/name-server.ts'

/** Enough for each commit; `KV_KILLS=200` for the long run. */
const KILLS = Number(process.env['KV_KILLS'] ?? 40)
/** At a time, each with a file of its own. */
const SERVERS = 2
/** Long enough for a write to take a while; it travels in a header, which may have 262,144 bytes. */
const VALUE_BYTES = 200_000
const IN_FLIGHT = 4
/** The moment of the kill, after the first answer: within some dozens of writes. */
const LATEST_KILL_MS = 60
const KILL_LIMIT_MS = 10_000

const NAMESPACE = 'ORDER_TOPIC_CONFIG'
const KEY = 'Torn'

/** The value that is sent as number so and so: its number, and then one letter over and over, which tells a torn one. */
function textOf(index: number): string {
  const head = `${index}:`
  return head + String.fromCharCode(97 + (index % 26)).repeat(VALUE_BYTES - head.length)
}

function numberIn(value: string): number {
  const number = Number(value.slice(0, value.indexOf(':')))
  expect(value === textOf(number), `a torn value, ${value.slice(0, 40)}…`).toBe(true)
  return number
}

/** What has been sent, and what has been said to be stored. */
interface Progress {
  sent: number
  acknowledged: number
}

/** Puts value after value until the connection is gone. */
async function putUntilKilled(client: RawClient, progress: Progress, onFirst: () => void): Promise<void> {
  const send = (): void => {
    progress.sent++
    client.send(
      requestFrame({ ...putKVConfig(NAMESPACE, KEY, textOf(progress.sent)), opaque: progress.sent }),
    )
  }
  for (let ahead = 0; ahead < IN_FLIGHT; ahead++) send()
  for (;;) {
    const answer = await client.next().catch(() => undefined)
    if (answer === undefined) return
    const { code, opaque } = headerOf(answer)
    expect(code).toBe(0)
    progress.acknowledged = opaque
    onFirst()
    send()
  }
}

async function killWhileWriting({ port, program }: NameServer, progress: Progress): Promise<void> {
  const client = await RawClient.connect(port)
  let onFirst: () => void = () => {}
  const first = new Promise<void>((resolve) => {
    onFirst = resolve
  })
  const putting = putUntilKilled(client, progress, onFirst)
  await Promise.race([first, delay(KILL_LIMIT_MS, undefined, { ref: false })])
  // Not a wait for something to happen: the moment of the crash is what varies.
  await delay(randomInt(LATEST_KILL_MS))
  await program.kill()
  await putting
}

async function storedNumber({ port }: NameServer): Promise<number> {
  const client = await RawClient.connect(port)
  const header = headerOf(await client.request(getKVConfig(NAMESPACE, KEY)))
  client.socket.destroy()
  return header.code === 22 ? 0 : numberIn(header.extFields?.['value'] ?? '')
}

/** A backup that is there is whole, too, and no newer than the file. */
function expectWholeBackup(file: string, stored: number): void {
  if (!existsSync(`${file}.bak`)) return
  const { configTable } = JSON.parse(readFileSync(`${file}.bak`, 'utf8')) as {
    configTable: Record<string, Record<string, string>>
  }
  const value = configTable[NAMESPACE]?.[KEY]
  if (value !== undefined) expect(numberIn(value)).toBeLessThanOrEqual(stored)
}

/** Kills and starts a server again and again on the same file. @returns The values that were found, in their order. */
async function lives(kills: number): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-kv-'))
  const kvConfigPath = join(folder, 'kvConfig.json')
  const port = await freePort()
  const start = (): Promise<NameServer> =>
    startNameServer({ ...subject, port, properties: { kvConfigPath, logLevel: 'warn' } })
  const progress: Progress = { sent: 0, acknowledged: 0 }
  const found: number[] = []
  for (let life = 0; life < kills; life++) {
    const server = await start()
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
    if (life > 0) {
      const stored = await storedNumber(server)
      expect(stored, 'older than what was said to be stored').toBeGreaterThanOrEqual(progress.acknowledged)
      expect(stored, 'a value that was never sent').toBeLessThanOrEqual(progress.sent)
      expectWholeBackup(kvConfigPath, stored)
      found.push(stored)
      // What was on its way is never stored any more.
      progress.sent = stored
    }
    await killWhileWriting(server, progress)
  }
  const last = await start()
  found.push(await storedNumber(last))
  expect(found.at(-1)).toBeGreaterThanOrEqual(progress.acknowledged)
  await last.program.kill()
  rmSync(folder, { recursive: true, force: true })
  return found
}

test(
  'a NameServer killed again and again while values are put has, after each start, a whole value that was sent, and none older than the last one it acknowledged',
  async () => {
    const found = (
      await Promise.all(Array.from({ length: SERVERS }, () => lives(Math.ceil(KILLS / SERVERS))))
    ).flat()
    expect(found).toHaveLength(SERVERS * Math.ceil(KILLS / SERVERS))
    // The kills came while values were being written, not before or after all of them.
    expect(new Set(found).size).toBeGreaterThan(KILLS / 4)
  },
  10 * 60_000,
)
