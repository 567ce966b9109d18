import type { ChannelRef } from '../protocol/processor.ts'
import type { ExtFields, RemotingCommand } from '../protocol/remoting-command.ts'
import type { AppliedRegistration } from '../routeinfo/registration.ts'
import { brokerKey } from '../routeinfo/route-tables.ts'

/** A broker's last registration: the request, and how it left the tables. */
export interface CachedRegistration {
  readonly request: RegistrationRequest
  readonly applied: AppliedRegistration
  /** Checked at each repetition: rules may change. */
  readonly filterServers: readonly string[]
}

/** The parts of a request that make it a repetition. */
interface RegistrationRequest extends Pick<RemotingCommand, 'version' | 'extFields'> {
  readonly body: Buffer
}

type RegisteringBroker = { readonly clusterName: string; readonly brokerAddr: string }

interface Entry extends CachedRegistration {
  /** Contains the body. */
  readonly memory: Buffer
  /** Weak, because the entry may outlive the connection. */
  readonly channel: WeakRef<ChannelRef>
  /** Bytes of its topics. */
  readonly topicBytes: number
  readonly bytes: number
}

/** Estimated bytes of an entry beside its body, its header and its topics. */
const ENTRY_BYTES = 1_024
/** Estimated bytes of a topic in an entry beside the text of its name; equal queues are one object. */
const TOPIC_BYTES = 32
/** Bytes of an ext field beside its text. */
const FIELD_BYTES = 64
/** A body may grow by this fraction before it needs a larger buffer. */
const SPARE_FRACTION = 1 / 16

/**
 * The last registration of each broker, so that one that repeats it need not be read. Limited in bytes: a registration without
 * room is not kept. None is evicted for it: brokers register in rotation, so the evicted one would be needed next.
 */
export class RegistrationCache {
  readonly #maxBytes: number
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  /** @param maxBytes - 0 keeps nothing. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes held at present. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Takes a broker's last registration out of the cache, so that its memory is used by one registration at a time. The broker has
   * none until {@link put}.
   */
  take({ clusterName, brokerAddr }: RegisteringBroker): Entry | undefined {
    const key = brokerKey(clusterName, brokerAddr)
    const entry = this.#entries.get(key)
    this.#delete(key)
    return entry
  }

  /** Keeps a registration: `taken` itself, or another one of its broker, which may get its memory. */
  put(
    { request, applied, filterServers }: CachedRegistration,
    channel: ChannelRef,
    taken: Entry | undefined,
  ): void {
    const key = brokerKey(applied.live.clusterName, applied.live.brokerAddr)
    this.#delete(key)
    const { extFields, body } = request
    const reused = taken !== undefined && fits(body, taken.memory) ? taken.memory : undefined
    const memoryBytes = reused?.length ?? Math.ceil(body.length * (1 + SPARE_FRACTION))
    const { names } = applied.topics
    const topicBytes = names === taken?.applied.topics.names ? taken.topicBytes : topicBytesOf(names)
    const bytes = ENTRY_BYTES + memoryBytes + topicBytes + fieldBytesOf(extFields)
    if (this.#bytes + bytes > this.#maxBytes) this.#deleteClosed()
    if (this.#bytes + bytes > this.#maxBytes) return
    const memory = reused ?? Buffer.allocUnsafeSlow(memoryBytes)
    const kept = request === taken?.request ? request : copyInto(memory, request)
    this.#bytes += bytes
    this.#entries.set(key, {
      request: kept,
      applied,
      filterServers,
      memory,
      channel: new WeakRef(channel),
      topicBytes,
      bytes,
    })
  }

  #deleteClosed(): void {
    for (const [key, { channel }] of this.#entries) if (channel.deref()?.closed !== false) this.#delete(key)
  }

  #delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0
    this.#entries.delete(key)
  }
}

/** Whether a request repeats another one: in its version, its ext fields and its body. */
export function isRepeated(
  cached: RegistrationRequest,
  { version, extFields, body }: RemotingCommand,
): boolean {
  if (cached.version !== version || body === null) return false
  return sameFields(cached.extFields, extFields) && cached.body.equals(body)
}

function sameFields(a: ExtFields | null, b: ExtFields | null): boolean {
  if (a?.size !== b?.size) return false
  for (const [name, value] of a ?? []) if (b?.get(name) !== value) return false
  return true
}

/** Whether a body fits into the memory of the previous one and fills at least half of it: fresh memory for each is costly. */
function fits(body: Buffer, memory: Buffer): boolean {
  return body.length <= memory.length && 2 * body.length >= memory.length
}

/** The body of a request is valid until its response. */
function copyInto(memory: Buffer, { version, extFields, body }: RegistrationRequest): RegistrationRequest {
  body.copy(memory)
  return { version, extFields, body: memory.subarray(0, body.length) }
}

/** The cache may hold names of its own: those of a slave are not in the tables, and a body that was read in full has other strings. */
function topicBytesOf(names: readonly string[]): number {
  let bytes = 0
  for (const name of names) bytes += TOPIC_BYTES + Buffer.byteLength(name)
  return bytes
}

function fieldBytesOf(extFields: ExtFields | null): number {
  let bytes = 0
  for (const [name, value] of extFields ?? []) bytes += FIELD_BYTES + name.length + (value?.length ?? 0)
  return bytes
}
