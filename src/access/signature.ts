import type { KeyObject } from 'node:crypto'
import { nodeCrypto } from '../common/node-modules.ts'
import type { ExtFields } from '../protocol/remoting-command.ts'
import type { Account, Sender } from './policy.ts'

/**
 * The signature of a request: HMAC-SHA1, in Base64, of the values of all ext fields in ascending order of their names (UTF-16
 * units), without the field `Signature`, followed by the body.
 *
 * @param extFields - With `AccessKey`, which is signed too.
 * @see org.apache.rocketmq.acl.common.AclClientRPCHook#doBeforeRequest, AclUtils#combineRequestContent, AclSigner#calSignature
 */
export function signatureOf(
  extFields: ExtFields,
  body: Buffer | null,
  secretKey: string | KeyObject,
): string {
  return digestOf('sha1', signedText(extFields), body, secretKey)
}

/** What a request says to prove its account, and what came of it. */
export type Proof =
  | {
      readonly account: Account
      /** Whether the secret is the previous one, which is being changed. */
      readonly isPrevious: boolean
    }
  /** For the log; the sender must not learn it. */
  | { readonly account: undefined; readonly reason: UnprovenReason }

export type UnprovenReason =
  | 'not signed'
  | 'AccessKey or Signature is missing'
  | 'unknown access key'
  | 'account not usable from this address or without TLS'
  | 'wrong signature'
  | 'too many wrong signatures from this address'

/** Verified contents are cached up to this length, in characters, and this number. */
const MAX_CACHED_CHARACTERS = 512
const MAX_CACHED = 8_192

/** Characters of a Base64 signature, which tell the algorithm. Java knows HmacMD5 too, which is not accepted. */
const ALGORITHMS: Readonly<Record<number, 'sha1' | 'sha256'>> = { 28: 'sha1', 44: 'sha256' }

/** Fields that Java's DynamicalExtFieldRPCHook adds after the request was signed. */
const ZONE_FIELDS = ['__ZONE_NAME', '__ZONE_MODE']
/** The Go client sends it unsigned. */
const TOKEN_FIELD = ['SecurityToken']

/**
 * Verifies signatures against a set of accounts. A signature covers neither the code of a request nor the time: one that was
 * verified stays valid, so short contents that were verified are cached.
 */
export class Signatures {
  readonly #accounts: ReadonlyMap<string, Account>
  /** Verified contents with their accounts: the recent ones, and those before. */
  #recent = new Map<string, Account>()
  #older = new Map<string, Account>()
  /** In place of a secret that does not exist, so that a missing account costs the time of a wrong signature, body included. */
  #noSecret: KeyObject | undefined

  /** @param accounts - By access key. Other accounts take another instance, with an empty cache. */
  constructor(accounts: ReadonlyMap<string, Account>) {
    this.#accounts = accounts
  }

  /** Verifies the signature of a request, in constant time. */
  verify(extFields: ExtFields | null, body: Buffer | null, { host, isTls }: Omit<Sender, 'identity'>): Proof {
    const accessKey = extFields?.get('AccessKey') ?? ''
    const signature = extFields?.get('Signature') ?? ''
    if (extFields === null || (accessKey === '' && signature === '')) return unproven('not signed')
    if (accessKey === '' || signature === '') return unproven('AccessKey or Signature is missing')
    // Then there is no account to keep secret.
    if (this.#accounts.size === 0) return unproven('unknown access key')
    const algorithm = ALGORITHMS[signature.length]
    if (algorithm === undefined || !BASE64.test(signature)) return unproven('wrong signature')

    const account = this.#accounts.get(accessKey)
    const admitted = account?.isUsableFrom(host, isTls) === true ? account : undefined
    const texts = signedTexts(extFields, body)
    if (
      body === null &&
      admitted !== undefined &&
      texts.some((text) => this.#isCached(signature, text, admitted))
    )
      return { account: admitted, isPrevious: false }

    const given = Buffer.from(signature, 'latin1')
    // Two secrets for each account, so that the time does not tell whether there is one.
    this.#noSecret ??= nodeCrypto().createSecretKey(nodeCrypto().randomBytes(20))
    const [secret = this.#noSecret, previous = this.#noSecret] = admitted?.secrets ?? []
    for (const text of texts) {
      for (const key of [secret, previous]) {
        const actual = digestOf(algorithm, text, body, key)
        if (!nodeCrypto().timingSafeEqual(Buffer.from(actual, 'latin1'), given) || admitted === undefined)
          continue
        // Not of a previous secret, so that each use of it is noticed.
        const isPrevious = key === previous
        if (!isPrevious && body === null && text.length <= MAX_CACHED_CHARACTERS)
          this.#keep(contentOf(signature, text), admitted)
        return { account: admitted, isPrevious }
      }
    }
    if (account === undefined) return unproven('unknown access key')
    if (admitted === undefined) return unproven('account not usable from this address or without TLS')
    return unproven('wrong signature')
  }

  #isCached(signature: string, text: string, account: Account): boolean {
    const content = contentOf(signature, text)
    const recent = this.#recent.get(content)
    if (recent !== undefined) return recent === account
    const older = this.#older.get(content)
    if (older !== undefined) this.#keep(content, older)
    return older === account
  }

  #keep(content: string, account: Account): void {
    if (this.#recent.size >= MAX_CACHED / 2) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(content, account)
  }
}

function unproven(reason: UnprovenReason): Proof {
  return { account: undefined, reason }
}

/**
 * The texts that a sender may have signed: all fields, as in Java, and without those that some clients do not sign. Requests of
 * the Go client have no bodies; those of mqadmin may.
 */
function signedTexts(extFields: ExtFields, body: Buffer | null): string[] {
  const unsigned = body === null ? [ZONE_FIELDS, TOKEN_FIELD] : [ZONE_FIELDS]
  return [
    signedText(extFields),
    ...unsigned
      .filter((names) => names.some((name) => extFields.has(name)))
      .map((names) => signedText(extFields, names)),
  ]
}

/** A digest as text; of other characters only the low bytes would be compared. */
const BASE64 = /^[A-Za-z0-9+/]+=$/

/** What a signature was verified for: the text itself, as other fields may have been left out of it. */
function contentOf(signature: string, text: string): string {
  return `${signature.length}${signature}${text}`
}

function signedText(extFields: ExtFields, unsigned: readonly string[] = []): string {
  const names = [...extFields.keys()].sort()
  let text = ''
  for (const name of names)
    if (name !== 'Signature' && !unsigned.includes(name)) text += extFields.get(name) ?? ''
  return text
}

function digestOf(
  algorithm: string,
  text: string,
  body: Buffer | null,
  secretKey: string | KeyObject,
): string {
  const hmac = nodeCrypto().createHmac(algorithm, secretKey).update(text)
  if (body !== null) hmac.update(body)
  return hmac.digest('base64')
}
