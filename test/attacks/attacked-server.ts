import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { expect } from 'vitest'
import { signatureOf } from '../../src/access/signature.ts'
import { proxyV1 } from '../support/proxy-headers.ts'
import { headerOf, type RawClient, type Request } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer, type TestServer, temporaryFolder } from '../support/start-server.ts'
import { until } from '../support/until.ts'

export const ATTACKER_HOST = '203.0.113.66'
const CLIENT_HOST = '10.0.0.7'
const BROKER_HOST = '10.0.0.5'
const BROKER_NAME = 'honest-broker'
/** A topic of the honest broker, which the honest client looks up. */
export const HONEST_TOPIC = 'HonestTopic'
/** The rules that both, and an operator, need in an access file with the profile `strict`. */
export const HONEST_RULES = `
  - { allow: [register, lookup], from: [10.0.0.0/8] }
  - { allow: [admin, list], from: [loopback] }`

export interface AttackedOptions {
  /** Text of the access file; without one `accessProfile` decides. */
  readonly accessFile?: string
  readonly properties?: Readonly<Record<string, string>>
  readonly logger?: Logger
}

/** A server behind a proxy, and a broker, a client and an attacker at addresses of their own. */
export interface AttackedServer extends TestServer {
  readonly attacker: RawClient
  readonly accessPath: string
  connectFrom(host: string): Promise<RawClient>
  /**
   * Runs an attack while the broker registers and the client looks up its topic, over and over. Fails unless each succeeds, some
   * of it when the attack has been sent, and afterwards a new client is served, and no error has been logged.
   * @param run - Gets a function that waits until both have been served once more.
   */
  attack(run: (servedAgain: () => Promise<void>) => Promise<void>): Promise<void>
}

export async function startAttackedServer(options: AttackedOptions = {}): Promise<AttackedServer> {
  const { accessFile, properties, logger } = options
  const accessPath = join(temporaryFolder(), 'access.yml')
  if (accessFile !== undefined) writeFileSync(accessPath, accessFile, { mode: 0o600 })
  const server = await startServer(
    {
      proxyProtocolTrustedNetworks: '127.0.0.1',
      ...(accessFile !== undefined && { accessFile: accessPath }),
      ...properties,
    },
    logger,
  )
  const connectFrom = async (host: string): Promise<RawClient> => {
    const client = await server.connect()
    client.send(proxyV1(host, 40_000))
    return client
  }
  const base = registration({
    name: BROKER_NAME,
    address: `${BROKER_HOST}:10911`,
    topics: [HONEST_TOPIC, 'X'],
  })
  const honestRegistration = {
    ...base,
    extFields: { ...base.extFields, haServerAddr: `${BROKER_HOST}:10912` },
  }
  const broker = await connectFrom(BROKER_HOST)
  expect(await codeOf(broker, honestRegistration)).toBe(0)
  const client = await connectFrom(CLIENT_HOST)
  const routeFor = async (asking: RawClient): Promise<string> =>
    `${(await asking.request(lookup(HONEST_TOPIC))).body}`
  const route = await routeFor(client)
  expect(route).toContain(`"${BROKER_HOST}:10911"`)

  const attack: AttackedServer['attack'] = async (run) => {
    let isRunning = true
    let served = 0
    let failure: unknown
    const serve = async (): Promise<void> => {
      for (; isRunning; served++) {
        expect(await codeOf(broker, honestRegistration)).toBe(0)
        expect(await routeFor(client)).toBe(route)
      }
    }
    const rounds = serve().catch((error: unknown) => {
      failure = error
    })
    const servedAgain = (): Promise<void> => {
      const before = served
      return until('both are served', () => failure !== undefined || served > before + 1)
    }
    try {
      await run(servedAgain)
      await servedAgain()
    } finally {
      isRunning = false
    }
    await rounds
    if (failure !== undefined) throw failure
    expect(await routeFor(await connectFrom(CLIENT_HOST))).toBe(route)
    expect(server.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  }
  return { ...server, attacker: await connectFrom(ATTACKER_HOST), accessPath, connectFrom, attack }
}

export async function codeOf(client: RawClient, request: Request): Promise<number> {
  return headerOf(await client.request(request)).code
}

/** A request signed as Java signs it. */
export function signed(accessKey: string, secret: string, request: Request): Request {
  const extFields = { ...request.extFields, AccessKey: accessKey }
  const body = request.body === undefined ? null : Buffer.from(request.body)
  const Signature = signatureOf(new Map(Object.entries(extFields)), body, secret)
  return { ...request, extFields: { ...extFields, Signature } }
}
