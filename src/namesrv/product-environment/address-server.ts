import { get } from 'node:http'
import { isIPv6 } from 'node:net'
import { formatAddress } from '../../remoting/address.ts'
import { withoutBrackets } from '../config/places.ts'
import { nameLookup } from '../outgoing/name-lookup.ts'

/** What a lookup at an address server needs. */
export interface AddressServerOptions {
  /** Runs a task once; returns what prevents it. */
  readonly after: (delayMs: number, task: () => void) => () => void
}

/** Time for the whole answer; Java's constant. */
const TIMEOUT_MS = 3_000
/** Two thousand addresses; more is some other page. */
const MAX_ANSWER_BYTES = 64 * 1024

/** Java's. */
const DEFAULT_PORT = 8_080

/**
 * The page of an HTTP address server that lists the NameServers of an environment.
 * @param domain - `host:port`, or a host, whose port is 8080 then.
 * @param unitName - Name of the environment; a blank one for the default page.
 * @see MixAll#getWSAddr and DefaultTopAddressing in apache/rocketmq
 */
export function addressServerUrl(domain: string, subgroup: string, unitName: string): string {
  const host = hasPort(domain) ? domain : formatAddress(withoutBrackets(domain), DEFAULT_PORT)
  const unit = unitName.trim() === '' ? '' : `-${unitName}?nofix=1`
  return `http://${host}/rocketmq/${subgroup}${unit}`
}

/** A colon after the first character means a port, as to Java, but in an IPv6 address. */
function hasPort(domain: string): boolean {
  return domain.indexOf(':') > 0 && !isIPv6(withoutBrackets(domain))
}

/**
 * Asks an address server. Its answer is the first line of the page, without the blanks around it.
 * @returns The answer, which may be anything; rejects if there is none in 3 seconds, or none that says 200. `cancel` makes it
 * reject.
 * @see DefaultTopAddressing#fetchNSAddr in apache/rocketmq
 */
export function fetchNameServerAddresses(
  url: string,
  { after }: AddressServerOptions,
): { readonly list: Promise<string>; readonly cancel: () => void } {
  const aborter = new AbortController()
  const cancelTimeout = after(TIMEOUT_MS, () => aborter.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)))
  const list = fetchText(url, aborter.signal)
    .then((text) => text.trim().split(/[\r\n]/, 1)[0] ?? '')
    .catch((error: unknown) => {
      throw aborter.signal.aborted ? (aborter.signal.reason as Error) : error
    })
    .finally(cancelTimeout)
  return { list, cancel: () => aborter.abort(new Error('cancelled')) }
}

function fetchText(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, signal, lookup: nameLookup.lookup }, (response) => {
      if (response.statusCode !== 200) {
        request.destroy()
        reject(new Error(`status ${response.statusCode}`))
        return
      }
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > MAX_ANSWER_BYTES) request.destroy(new Error(`more than ${MAX_ANSWER_BYTES} bytes`))
      })
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}
