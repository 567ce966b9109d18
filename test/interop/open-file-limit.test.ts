import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { headerOf, RawClient } from '../support/raw-client.ts'
import { lookup, putKVConfig } from '../support/requests.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { until } from './harness/wait-until.ts'

/** What the program needs to be loaded, and room for some connections. */
const OPEN_FILES = 128
const TOPIC_NOT_EXIST = 17

let nameServer: NameServer
let client: RawClient
const crowd: Socket[] = []

beforeAll(async () => {
  nameServer = await startNameServer({ kind: 'ours', openFiles: OPEN_FILES })
  client = await RawClient.connect(nameServer.port)
})

afterEach(() => {
  for (const socket of crowd.splice(0)) socket.destroy()
})

/** Opens more connections than there can be, until so many have been closed again by the server. */
async function overcrowd(): Promise<void> {
  let closed = 0
  for (let index = 0; index < OPEN_FILES; index++) {
    const socket = connect(nameServer.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('close', () => closed++)
    // Its end is to be noticed.
    socket.resume()
    crowd.push(socket)
  }
  await until('some are closed', () => closed > 10)
}

function openFiles(): readonly number[] {
  return readdirSync(`/proc/${nameServer.program.pid}/fd`).map(Number)
}

function said(words: string): number {
  return nameServer.program.lines.filter((line) => line.includes(words)).length
}

async function isServed(): Promise<boolean> {
  const answer = await client.request(lookup('Unknown'))
  return headerOf(answer).code === TOPIC_NOT_EXIST
}

async function newcomerIsServed(): Promise<boolean> {
  const newcomer = await RawClient.connect(nameServer.port)
  const closed = newcomer.closed.then(() => undefined)
  const answer = await Promise.race([newcomer.request(lookup('Unknown')).catch(() => undefined), closed])
  newcomer.socket.destroy()
  return answer !== undefined && headerOf(answer).code === TOPIC_NOT_EXIST
}

test('the start logs that the limit leaves fewer connections than maxConnections', () => {
  expect(said('open-file limit leaves fewer connections than maxConnections')).toBe(1)
})

test('connections are accepted as long as files can be opened beside them; those beyond are closed, the rest is served', async () => {
  await overcrowd()
  expect(openFiles().length).toBeLessThan(OPEN_FILES - 20)
  expect(await isServed()).toBe(true)
  expect(headerOf(await client.request(putKVConfig('n', 'k', 'v'))).code).toBe(0)
  await until('it says so', () => said('"msg":"connection rejected: open-file limit reached"') > 0)
  expect(said('"msg":"connection rejected: open-file limit reached"')).toBeLessThanOrEqual(10)
  for (const socket of crowd.splice(0)) socket.destroy()
  await until('there is room again', () => newcomerIsServed())
})

test('without a free file descriptor it serves its connections, rejects what needs a file with an error, and recovers', async () => {
  const limit = (files: number) =>
    execFileSync('prlimit', ['--pid', `${nameServer.program.pid}`, `--nofile=${files}:`])
  await until('the others have left', () => openFiles().length < OPEN_FILES / 2)
  // A limit is one of their numbers; some that are beyond it may have been inherited.
  limit(Math.max(...openFiles().filter((number) => number < OPEN_FILES)) + 1)
  await overcrowd()
  await until('it is noticed', () => said('file descriptors are used up') === 1)
  expect(await newcomerIsServed()).toBe(false)
  expect(await isServed()).toBe(true)
  const { code, remark } = headerOf(await client.request(putKVConfig('n', 'k', 'other')))
  expect([code, remark]).toEqual([1, expect.stringContaining('the KV file cannot be written: EMFILE')])
  limit(OPEN_FILES)
  await until('it is over', () => said('there are file descriptors again') === 1)
  expect(await newcomerIsServed()).toBe(true)
  expect(headerOf(await client.request(putKVConfig('n', 'k', 'other'))).code).toBe(0)
  expect(nameServer.program.end).toBeUndefined()
})
