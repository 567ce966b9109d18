/**
 * HEALTHCHECK of the image: asks the NameServer in this container one question and exits 0 if it is answered, 1 if not.
 *
 * It shares nothing with `src/` on purpose: a daemon whose own codec is broken must not be able to call itself healthy.
 *
 * Usage: `healthcheck [host] [port]`. What is left out comes from where the daemon takes it, which are the environment, the
 * configuration file beside this program, and the defaults. Only the daemon's command line cannot be seen from here.
 */
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Where the NameServer listens. */
export interface Address {
  host: string
  port: number
  /** True where plaintext is not taken. Any certificate will do: the question is whether it answers. */
  tls?: boolean
}

/** Longest wait for the response, from before the connection is made. Docker's own limit (`--timeout`) is set above it. */
export const TIMEOUT_MS = 2000

const DEFAULT_ADDRESS: Address = { host: '127.0.0.1', port: 9876 }
const WILDCARD_HOSTS = ['', '0.0.0.0', '::', '0:0:0:0:0:0:0:0']

const LENGTH_BYTES = 4
const PREFIX_BYTES = 8
const SERIALIZE_TYPE_JSON = 0
const SERIALIZE_TYPE_ROCKETMQ = 1
const RESPONSE_FLAG = 1

// The fixed fields of a ROCKETMQ header: code 2, language 1, version 2, then opaque and flag.
const BINARY_OPAQUE_OFFSET = 5
const BINARY_FLAG_OFFSET = 9
const BINARY_HEADER_MIN_BYTES = 21

// The error response to a KV lookup has some hundred bytes; a peer that sends more is no NameServer.
const MAX_ANSWER_BYTES = 65_536

// GET_KV_CONFIG of a key that does not exist. A route lookup (105) would be counted among the clients' misses, waits for the lock
// of the route tables, and is passed on to other NameServers in cluster-test mode; this one is a lookup in one small map.
const GET_KV_CONFIG = 101

/** The question as one whole frame with a JSON header, which every RocketMQ release reads. */
export function encodeProbe(opaque: number): Buffer {
  const header = Buffer.from(
    JSON.stringify({
      code: GET_KV_CONFIG,
      extFields: { namespace: 'mqnamesrv.healthcheck', key: 'probe' },
      flag: 0,
      language: 'OTHER',
      opaque,
      serializeTypeCurrentRPC: 'JSON',
      version: 0,
    }),
  )
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeInt32BE(LENGTH_BYTES + header.length, 0)
  prefix.writeInt32BE(header.length, LENGTH_BYTES) // the top byte, 0, says JSON
  return Buffer.concat([prefix, header])
}

/**
 * Looks for the response at the start of what has arrived. Any response code will do: "no such item" is the expected one.
 * @returns False while bytes are missing.
 * @throws Error if the bytes are no frame, or are not the response to `opaque`.
 */
export function isAnswered(received: Buffer, opaque: number): boolean {
  if (received.length < PREFIX_BYTES) return false
  const followingBytes = received.readInt32BE(0)
  const serializeType = received.readUInt8(LENGTH_BYTES)
  const headerBytes = received.readUIntBE(LENGTH_BYTES + 1, 3)
  if (followingBytes > MAX_ANSWER_BYTES || headerBytes > followingBytes - LENGTH_BYTES) {
    throw new Error(`answer is no remoting frame: length ${followingBytes}, header length ${headerBytes}`)
  }
  if (received.length < LENGTH_BYTES + followingBytes) return false
  const header = received.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes)
  const answer = readHeader(header, serializeType)
  if (answer.opaque !== opaque || (answer.flag & RESPONSE_FLAG) === 0) {
    throw new Error(
      `frame with opaque ${answer.opaque} and flag ${answer.flag} is not the response to ${opaque}`,
    )
  }
  return true
}

function readHeader(header: Buffer, serializeType: number): { opaque: number; flag: number } {
  if (serializeType === SERIALIZE_TYPE_JSON) {
    const { opaque, flag } = JSON.parse(header.toString()) as Record<string, unknown>
    return { opaque: Number(opaque), flag: Number(flag) }
  }
  if (serializeType === SERIALIZE_TYPE_ROCKETMQ && header.length >= BINARY_HEADER_MIN_BYTES) {
    return { opaque: header.readInt32BE(BINARY_OPAQUE_OFFSET), flag: header.readInt32BE(BINARY_FLAG_OFFSET) }
  }
  throw new Error(
    `answer has a header of unknown kind: serialize type ${serializeType}, ${header.length} bytes`,
  )
}

/**
 * The address of the daemon as seen from inside the container: loopback where it binds to all.
 * @param properties - Text of the configuration file; only the plain forms of a key and its value are understood.
 */
export function configuredAddress(
  properties: string,
  environment: Readonly<Record<string, string | undefined>>,
): Address {
  const lastLine = (key: string): string | undefined =>
    [...properties.matchAll(new RegExp(`^[ \\t\\f]*${key}[ \\t\\f]*[=: \\t][ \\t\\f]*(.*)$`, 'gm'))].at(
      -1,
    )?.[1]
  // An empty variable counts as none, as it does for the daemon.
  const setting = (variable: string, key: string): string =>
    (environment[variable] || lastLine(key) || '').trim()
  const host = setting('MQNAMESRV_BIND_ADDRESS', 'bindAddress').replace(/^\[(.*)\]$/, '$1')
  const port = setting('MQNAMESRV_LISTEN_PORT', 'listenPort')
  return {
    host: WILDCARD_HOSTS.includes(host) ? DEFAULT_ADDRESS.host : host,
    port: /^\d+$/.test(port) ? Number(port) : DEFAULT_ADDRESS.port,
    tls: setting('MQNAMESRV_TLS_SERVER_MODE', 'tls\\.server\\.mode') === 'enforcing',
  }
}

/**
 * Asks once. Rejects if the connection fails, the response is wrong, or `timeoutMs` pass without one. A daemon that takes part in a
 * TLS handshake and then hangs up wants a certificate that the check has not: it is there.
 */
export async function check({ host, port, tls }: Address, timeoutMs: number = TIMEOUT_MS): Promise<void> {
  const opaque = randomInt(1, 2 ** 31)
  const socket = tls ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port })
  const late = new Error(`no response within ${timeoutMs} ms`)
  const timer = setTimeout(() => socket.destroy(late), timeoutMs)
  let received: Buffer = Buffer.alloc(0)
  let isSecure = false
  socket.once('secureConnect', () => {
    isSecure = true
  })
  try {
    socket.write(encodeProbe(opaque)) // kept until the connection stands
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer])
      if (isAnswered(received, opaque)) return
    }
    if (!isSecure || received.length > 0) throw new Error('connection closed before the response')
  } catch (error) {
    if (error === late || !isSecure || received.length > 0) throw error
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

function readProperties(): string {
  try {
    return readFileSync(new URL('conf/namesrv.properties', import.meta.url), 'latin1')
  } catch {
    return '' // the daemon may well be started without this file
  }
}

async function main([host, port]: readonly string[]): Promise<void> {
  const configured = configuredAddress(readProperties(), process.env)
  const address = {
    ...configured,
    host: host ?? configured.host,
    port: port === undefined ? configured.port : Number(port),
  }
  try {
    await check(address)
  } catch (error) {
    const shown = address.host.includes(':') ? `[${address.host}]` : address.host
    console.error(`unhealthy: ${shown}:${address.port}: ${(error as Error).message}`)
    process.exitCode = 1
  }
}

if (import.meta.filename === process.argv[1]) await main(process.argv.slice(2))
