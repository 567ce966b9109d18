import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import { nodeHttp } from '../../common/node-modules.ts'
import { formatAddress, parseRemoteAddress } from '../../remoting/address.ts'
import { withoutBrackets } from '../config/check-value.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { nameLookup } from '../outgoing-connect.ts'

/** Time from a response of the address server to the next request; that of Java's clients. */
const REFRESH_MS = 120_000
/** The time until the next request while no address is known. */
const FIRST_REFRESH_MS = 10_000
/** Timeout for the whole response; Java's constant. */
const TIMEOUT_MS = 3_000
/** Two thousand addresses; a larger response is not an address list. */
const MAX_RESPONSE_BYTES = 64 * 1024
/** Java's. */
const DEFAULT_PORT = 8_080

/**
 * The addresses of the product environment's NameServers: `rocketmq.namesrv.addr`, or else the last list that the HTTP address
 * server sent. A request that fails leaves the list as it is.
 * @see MQClientAPIImpl#fetchNameServerAddr in apache/rocketmq
 */
export class NameServerList {
  readonly #context: NamesrvContext
  readonly #url: string
  #addresses: readonly string[] = []
  /** Ends the request under way. */
  #aborter = new AbortController()
  /** Of the timeout of the request under way, or of the next request. */
  #cancelTimer = (): void => {}
  #stopped = false

  constructor(context: NamesrvContext) {
    const { values } = context.configuration
    this.#context = context
    this.#url = addressServerUrl(
      values['rocketmq.namesrv.domain'],
      values['rocketmq.namesrv.domain.subgroup'],
      values.productEnvName,
    )
  }

  /** In the order of the list; empty until the address server has responded. */
  get addresses(): readonly string[] {
    return this.#addresses
  }

  /** Reads `rocketmq.namesrv.addr`, or starts asking the address server. */
  start(): void {
    const namesrvAddr = this.#context.configuration.values['rocketmq.namesrv.addr']
    if (namesrvAddr?.trim()) this.#set(namesrvAddr, 'rocketmq.namesrv.addr')
    else void this.#refresh()
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTimer()
    this.#aborter.abort()
  }

  /** Never rejects. */
  async #refresh(): Promise<void> {
    const { logger, scheduler } = this.#context
    const url = this.#url
    const aborter = new AbortController()
    this.#aborter = aborter
    this.#cancelTimer = scheduler.after(TIMEOUT_MS, () =>
      aborter.abort(new Error(`no response within ${TIMEOUT_MS} ms`)),
    )
    try {
      const text = await fetchText(url, aborter.signal)
      this.#set(text.trim().split(/[\r\n]/, 1)[0] ?? '', url)
    } catch (error) {
      const { message } = (aborter.signal.aborted ? aborter.signal.reason : error) as Error
      if (!this.#stopped) logger.warn({ url, error: message }, 'address server request failed')
    }
    this.#cancelTimer()
    if (this.#stopped) return
    const periodMs = this.#addresses.length === 0 ? FIRST_REFRESH_MS : REFRESH_MS
    this.#cancelTimer = scheduler.after(periodMs, () => void this.#refresh())
  }

  #set(text: string, source: string): void {
    const { logger } = this.#context
    const given = text
      .split(';')
      .map((address) => address.trim())
      .filter((address) => address !== '')
    const addresses = given.filter(isAddress)
    if (addresses.length < given.length) {
      const dropped = given.filter((address) => !isAddress(address)).slice(0, 10)
      logger.warn({ source, dropped }, 'product NameServer addresses ignored: not host:port')
    }
    if (addresses.length === 0) {
      logger.warn({ source }, 'no product NameServer address found')
      return
    }
    if (addresses.join(';') === this.#addresses.join(';')) return
    this.#addresses = addresses
    logger.info({ source, addresses }, 'product NameServer addresses updated')
  }
}

function isAddress(text: string): boolean {
  try {
    parseRemoteAddress(text)
    return true
  } catch {
    return false
  }
}

/**
 * The page of an HTTP address server that lists the NameServers of an environment. The list is its first line.
 * @param domain - `host:port`, or a host; the port is 8080 then.
 * @param unitName - Name of the environment; blank for the default page.
 * @see MixAll#getWSAddr and DefaultTopAddressing in apache/rocketmq
 */
export function addressServerUrl(domain: string, subgroup: string, unitName: string): string {
  const host = hasPort(domain) ? domain : formatAddress(withoutBrackets(domain), DEFAULT_PORT)
  const unit = unitName.trim() === '' ? '' : `-${unitName}?nofix=1`
  return `http://${host}/rocketmq/${subgroup}${unit}`
}

/** A colon after the first character means a port, as in Java, but not in an IPv6 address. */
function hasPort(domain: string): boolean {
  return domain.indexOf(':') > 0 && !isIPv6(withoutBrackets(domain))
}

/** The body of a response with status 200; rejects for any other. */
async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const request = nodeHttp().get(url, { agent: false, signal, lookup: nameLookup.lookup })
  // One that comes after the response also ends the response, and would otherwise end the process.
  request.on('error', () => {})
  try {
    const [response]: IncomingMessage[] = await once(request, 'response')
    if (response?.statusCode !== 200) throw new Error(`status ${response?.statusCode}`)
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of response) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > MAX_RESPONSE_BYTES) throw new Error(`more than ${MAX_RESPONSE_BYTES} bytes`)
    }
    return Buffer.concat(chunks).toString('utf8')
  } finally {
    request.destroy()
  }
}
