import { LimitError } from '../common/limit-error.ts'
import { cutText } from '../common/log-throttle.ts'
import { visible } from '../common/visible.ts'
import { decodeQueueDatas } from '../protocol/body/topic-route-data.ts'
import { IdentifiedLimitError, JsonError } from '../protocol/errors.ts'
import type { CertificateNames, Identity } from '../protocol/identity.ts'
import type { OtherNames, Processor, RequestContext } from '../protocol/processor.ts'
import type { RemotingCommand, RemotingResponse } from '../protocol/remoting-command.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { Decision, Policy, RequestSubject } from './policy.ts'
import { type Excess, Rates } from './rates.ts'
import { GROUP_OF, type RequestGroup } from './request-groups.ts'
import { type Proof, Signatures, type UnprovenReason } from './signature.ts'

/** A request that the policy rejects, or would reject if it was enforced. */
export interface Denial {
  readonly group: RequestGroup
  /** Which rule decided, in words. */
  readonly rule: string
  /** As the request gives it, proven or not; null if it gives none. */
  readonly accessKey: string | null
  /** Why the account is not proven; undefined if it is, or if an unsigned request has a certificate. Only for the log. */
  readonly unproven: UnprovenReason | undefined
  /** @see Policy.nearMiss */
  readonly nearMiss: string | undefined
  /** False in the mode `audit`. */
  readonly isEnforced: boolean
}

/** What a gate reports; the context has the identity. */
export interface GateEvents {
  /** The rules reject a request, or would if the policy was enforced. */
  onDenied(denial: Denial, request: RemotingCommand, context: RequestContext): void
  /** A request exceeds a rate of the access file, and is let pass: the mode is `audit`. */
  onRateLetPass(error: LimitError, request: RemotingCommand, context: RequestContext): void
  /** A request is signed with the previous secret of an account. */
  onPreviousSecret(accessKey: string, context: RequestContext): void
}

const TOO_MANY_FAILURES: UnprovenReason = 'too many wrong signatures from this address'

type Processors = Readonly<Record<RequestCode, Processor>>

/** They prove nothing, but peers sign with accounts of the brokers, which this server need not know. */
const UNKNOWN: ReadonlySet<UnprovenReason | undefined> = new Set([
  'unknown access key',
  'account not usable from this address or without TLS',
] as const)

/** Requests of these groups change nothing: where they are open to everyone, the sender is not identified. */
const READ_ONLY_GROUPS: ReadonlySet<RequestGroup> = new Set(['lookup', 'list'])

/** Checks each request against the policy before its processor. */
export class Gate {
  /** In effect together with the policy. */
  readonly rates: Rates
  readonly #policy: Policy
  readonly #signatures: Signatures
  readonly #events: GateEvents
  readonly #ofCertificates = new WeakMap<CertificateNames, { readonly identity: Identity | undefined }>()

  /** @param previous - The gate that this one takes the place of. */
  constructor(policy: Policy, events: GateEvents, previous?: Gate) {
    this.rates = new Rates(policy, previous?.rates)
    this.#policy = policy
    this.#signatures = new Signatures(policy.accounts)
    this.#events = events
  }

  /**
   * The processors behind the gate; those of read-only groups that are open and have no rate bypass it.
   */
  guarded(processors: Processors): Processors {
    const entries = Object.entries(processors).map(([code, processor]) => {
      const group = GROUP_OF[Number(code) as RequestCode]
      return [code, this.#guard(group, processor)]
    })
    return Object.fromEntries(entries)
  }

  #guard(group: RequestGroup, processor: Processor): Processor {
    const isOpen = this.#policy.openGroups.has(group)
    const { perAddress, perIdentity } = this.rates.ofGroup(group)
    const skipsIdentity = isOpen && READ_ONLY_GROUPS.has(group) && perIdentity.length === 0
    if (skipsIdentity && perAddress.length === 0) return processor
    return (request, context) => {
      const { channel, nowMs } = context
      let sender = context
      try {
        this.#count(this.rates.ofAddress(perAddress, channel.host, nowMs), request, sender)
        if (!skipsIdentity) {
          const { identity, unproven } = this.#identify(request, context)
          if (identity !== undefined) {
            sender = { channel, nowMs, identity }
            this.#count(this.rates.ofIdentity(perIdentity, identity, nowMs), request, sender)
          }
          if (group === 'register' && identity === undefined && unproven === TOO_MANY_FAILURES)
            this.#checkOwner(request, context)
          if (!isOpen) {
            const check = (subjects: readonly RequestSubject[]) =>
              this.#check(subjects, unproven, request, context, identity)
            const subject = subjectOf(group, request)
            const rejection = check(withBodyOf(request, subject))
            if (rejection !== undefined) return rejection
            if (group === 'register')
              sender = { ...sender, checkOthers: (others) => check(subjectsOf(others, subject)) }
          }
        }
        const response = processor(request, sender)
        return response instanceof Promise ? this.#whenDone(response, sender) : response
      } catch (error) {
        throw this.#identified(error, sender)
      }
    }
  }

  /** @throws {LimitError} The excess is not let pass. */
  #count(excess: Excess | undefined, request: RemotingCommand, context: RequestContext): void {
    if (excess === undefined) return
    if (excess.isEnforced) throw excess.error
    this.#events.onRateLetPass(excess.error, request, context)
  }

  #whenDone(response: Promise<RemotingResponse>, sender: RequestContext): Promise<RemotingResponse> {
    if (sender.identity === undefined && sender.channel.certificate === null) return response
    return response.catch((error: unknown) => {
      throw this.#identified(error, sender)
    })
  }

  /** The error together with the identity, if one is known: the dispatcher has only the context without it. */
  #identified(
    error: unknown,
    { channel, nowMs, identity = this.#certified(channel) }: RequestContext,
  ): unknown {
    if (!(error instanceof LimitError) || identity === undefined) return error
    return new IdentifiedLimitError(error, { channel, nowMs, identity })
  }

  /** The sender, and why a claimed account is not proven. A certificate counts where no account is proven. */
  #identify(
    request: RemotingCommand,
    context: RequestContext,
  ): { readonly identity: Identity | undefined; readonly unproven: UnprovenReason | undefined } {
    const proof = this.#verify(request, context)
    if (proof.account !== undefined) {
      const { identity } = proof.account
      if (proof.isPrevious) this.#events.onPreviousSecret(identity.name, context)
      return { identity, unproven: undefined }
    }
    const identity = this.#certified(context.channel)
    const isProven = identity !== undefined && proof.reason === 'not signed'
    return { identity, unproven: isProven ? undefined : proof.reason }
  }

  /** Each wrong signature costs some hashes. From an address that sends too many, none is verified: they prove nothing. */
  #verify(request: RemotingCommand, context: RequestContext): Proof {
    const { extFields, body } = request
    const { channel, nowMs } = context
    const isVerified = this.#policy.accounts.size > 0 && extFields?.has('Signature') === true
    if (isVerified && !this.rates.mayFail(channel.host, nowMs))
      return { account: undefined, reason: TOO_MANY_FAILURES }
    const proof = this.#signatures.verify(extFields, body, channel)
    if (isVerified && proof.account === undefined && !UNKNOWN.has(proof.reason))
      this.#count(this.rates.ofFailure(channel.host, body, nowMs), request, context)
    return proof
  }

  /**
   * Carried out as anonymous, a request signed for an account would give the broker of that account another owner.
   * @throws {LimitError} It may be.
   */
  #checkOwner({ extFields }: RemotingCommand, { channel, nowMs }: RequestContext): void {
    const { accounts, mode } = this.#policy
    if (mode !== 'off' && accounts.has(extFields?.get('AccessKey') ?? ''))
      throw this.rates.failuresExcess(channel.host, nowMs)
  }

  #certified({ certificate }: RequestContext['channel']): Identity | undefined {
    if (certificate === null) return undefined
    let known = this.#ofCertificates.get(certificate)
    if (known === undefined) {
      known = { identity: this.#policy.certificateIdentity(certificate) }
      this.#ofCertificates.set(certificate, known)
    }
    return known.identity
  }

  /** The rejection; undefined if the request may pass. */
  #check(
    subjects: readonly RequestSubject[],
    unproven: UnprovenReason | undefined,
    request: RemotingCommand,
    { channel, nowMs }: RequestContext,
    identity: Identity | undefined,
  ): RemotingResponse | undefined {
    const { host, isTls } = channel
    const sender = { identity, host, isTls }
    let denied: { readonly subject: RequestSubject; readonly decision: Decision } | undefined
    for (const subject of subjects) {
      const decision = subject.brokerName === UNREADABLE ? NOT_CHECKED : this.#policy.decide(sender, subject)
      if (!decision.isAllowed) denied ??= { subject, decision }
    }
    if (denied === undefined) return undefined
    const { subject, decision } = denied
    const { group } = subject
    const { rule } = decision
    const isEnforced = this.#policy.mode === 'enforce'
    if (isEnforced && unproven === TOO_MANY_FAILURES) throw this.rates.failuresExcess(host, nowMs)
    const by = { channel, nowMs, identity }
    if (UNKNOWN.has(unproven) && this.#policy.accounts.size > 0)
      this.#count(this.rates.ofFailure(host, request.body, nowMs), request, by)
    const accessKey = request.extFields?.get('AccessKey') ?? null
    const nearMiss =
      decision.isMatched || decision === NOT_CHECKED ? undefined : this.#policy.nearMiss(sender, subject)
    this.#events.onDenied({ group, rule, accessKey, unproven, nearMiss, isEnforced }, request, by)
    if (!isEnforced) return undefined
    const fromHere = this.#policy.decide({ ...sender, host: '127.0.0.1' }, subject).isAllowed
    // To a proven identity only: a stranger must not learn the rules.
    const why = identity === undefined || nearMiss === undefined ? '' : `, ${nearMiss}`
    const remark =
      `${sentenceOf(identity, accessKey, subject, host, decision)} (request ${request.code} is in group "${group}", rejected by ${rule}${why}; ` +
      `${fromHere ? 'send it to 127.0.0.1 on the machine of the NameServer, ' : ''}sign it as an account that may, or allow it in accessFile: ` +
      `docs/security.md#${group})`
    return { code: ResponseCode.NO_PERMISSION, remark }
  }
}

/** The fields of each request that its processor reads, and rules can look at: a request may carry any others. */
const SUBJECT_FIELDS: Readonly<
  Partial<Record<number, Readonly<Partial<Record<'clusterName' | 'brokerName' | 'topic', string>>>>>
> = {
  [RequestCode.REGISTER_BROKER]: { clusterName: 'clusterName', brokerName: 'brokerName' },
  [RequestCode.UNREGISTER_BROKER]: { clusterName: 'clusterName', brokerName: 'brokerName' },
  [RequestCode.QUERY_DATA_VERSION]: { clusterName: 'clusterName', brokerName: 'brokerName' },
  [RequestCode.BROKER_HEARTBEAT]: { clusterName: 'clusterName', brokerName: 'brokerName' },
  [RequestCode.GET_BROKER_MEMBER_GROUP]: { clusterName: 'clusterName', brokerName: 'brokerName' },
  [RequestCode.WIPE_WRITE_PERM_OF_BROKER]: { brokerName: 'brokerName' },
  [RequestCode.ADD_WRITE_PERM_OF_BROKER]: { brokerName: 'brokerName' },
  [RequestCode.GET_ROUTEINFO_BY_TOPIC]: { topic: 'topic' },
  [RequestCode.DELETE_TOPIC_IN_NAMESRV]: { clusterName: 'clusterName', topic: 'topic' },
  [RequestCode.REGISTER_TOPIC_IN_NAMESRV]: { topic: 'topic' },
  [RequestCode.GET_TOPICS_BY_CLUSTER]: { clusterName: 'cluster' },
}

/** Requests for the broker at an address: with another one they would be about somebody else's broker. */
const ANNOUNCING: ReadonlySet<number> = new Set([
  RequestCode.REGISTER_BROKER,
  RequestCode.UNREGISTER_BROKER,
  RequestCode.QUERY_DATA_VERSION,
  RequestCode.BROKER_HEARTBEAT,
])

/** The words for what a request may name. */
const NAME_WORDS = { clusterName: 'cluster', brokerName: 'broker', topic: 'topic' } as const

/** What is in a subject although requests of its code never name it, as the policy would see it: `cluster`; undefined if nothing is. */
export function unusedName(code: number, subject: Omit<RequestSubject, 'group'>): string | undefined {
  const fields = SUBJECT_FIELDS[code] ?? {}
  const isTopic = code === RequestCode.REGISTER_TOPIC_IN_NAMESRV
  for (const name of ['clusterName', 'brokerName', 'topic'] as const) {
    const isRead = fields[name] !== undefined || (name === 'brokerName' && isTopic)
    if (subject[name] !== null && !isRead) return NAME_WORDS[name]
  }
  return subject.announced.length > 0 && !ANNOUNCING.has(code) ? 'address of a broker' : undefined
}

/** What the fields of a request are about. */
function subjectOf(group: RequestGroup, { code, extFields }: RemotingCommand): RequestSubject {
  const names = SUBJECT_FIELDS[code] ?? {}
  const field = (name: string | undefined): string | null =>
    name === undefined ? null : (extFields?.get(name) ?? null)
  const addresses = ANNOUNCING.has(code) ? [field('brokerAddr'), field('haServerAddr')] : []
  const clusterName = field(names.clusterName)
  return {
    group,
    // Without a cluster or with an empty one, 216 deletes the topic in all of them.
    clusterName: code === RequestCode.DELETE_TOPIC_IN_NAMESRV ? clusterName || null : clusterName,
    brokerName: field(names.brokerName),
    topic: field(names.topic),
    announced: addresses.filter((address) => address !== null),
  }
}

/** The body of a 217 has a topic of several brokers, all of which must be allowed. */
function withBodyOf({ code, body }: RemotingCommand, subject: RequestSubject): readonly RequestSubject[] {
  if (code !== RequestCode.REGISTER_TOPIC_IN_NAMESRV || body === null) return [subject]
  return brokerNamesIn(body).map((brokerName) => ({ ...subject, brokerName }))
}

function subjectsOf({ brokers, announced }: OtherNames, subject: RequestSubject): RequestSubject[] {
  const others = brokers
    .filter((other) => other.clusterName !== subject.clusterName || other.brokerName !== subject.brokerName)
    .map(({ clusterName, brokerName }) => ({ ...subject, clusterName, brokerName }))
  return announced.length === 0 ? others : [{ ...subject, announced }, ...others]
}

/** A longer body of a 217 is not read, and rejected: it would be for thousands of brokers. */
const MAX_TOPIC_BODY_BYTES = 65_536
/** In place of the broker names in a body that is not read. */
const UNREADABLE = '\0'
const NOT_CHECKED: Decision = {
  isAllowed: false,
  isMatched: false,
  rule: `the limit of ${MAX_TOPIC_BODY_BYTES} bytes for its body`,
}

/** The brokers of the queues in the body of a 217. */
function brokerNamesIn(body: Buffer): readonly string[] {
  if (body.length > MAX_TOPIC_BODY_BYTES) return [UNREADABLE]
  try {
    const names = new Set(decodeQueueDatas(body).map(({ brokerName }) => brokerName ?? ''))
    return names.size === 0 ? [''] : [...names]
  } catch (error) {
    // The processor says what is wrong with it.
    if (error instanceof JsonError) return ['']
    throw error
  }
}

/** A longer topic is cut in a remark. */
const MAX_TOPIC_CHARACTERS = 255

/**
 * In the words of Java's ACL 2.0. Whether the account or the signature was wrong is not told.
 * @see AuthorizationEvaluator, AuthenticationEvaluator in apache/rocketmq
 */
function sentenceOf(
  identity: Identity | undefined,
  accessKey: string | null,
  { topic }: RequestSubject,
  host: string,
  { isMatched }: Decision,
): string {
  if (identity !== undefined) {
    const resource = topic === null ? 'Cluster' : `Topic:${visible(cutText(topic, MAX_TOPIC_CHARACTERS))}`
    const reason = isMatched ? 'the decision is deny' : 'no matched policies'
    return `User:${identity.name} has no permission to access ${resource} from ${host}, ${reason}.`
  }
  if (accessKey === null) return 'username cannot be null.'
  return 'Authentication failed. Please verify the credentials and try again.'
}
