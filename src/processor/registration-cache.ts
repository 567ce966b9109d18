import type { DataVersion } from '../protocol/body/data-version.ts'
import type { TopicTableOffsets } from '../protocol/body/topic-table-offsets.ts'
import type { ChannelRef } from '../protocol/processor.ts'
import type { ExtFields } from '../protocol/remoting-command.ts'
import type { RegistrationBaseline } from '../routeinfo/registration.ts'
import type { BrokerIdentity } from '../routeinfo/route-event.ts'
import { stringField } from './request-fields.ts'

/** How the body of a registration is written: by its sender's version, and whether it is compressed. */
export type BodyForm = 'json' | 'wrapper' | 'compressed' | 'compressed with mappings'

/** What is known of a broker's last registration beside what the tables say. */
export interface KnownRegistration {
  readonly form: BodyForm
  /** The body as it came. */
  readonly bytes: Buffer
  /** The checksum it came with, which was right or 0. */
  readonly checksum: number
  readonly dataVersion: DataVersion
  readonly filterServerList: readonly string[] | null
  /** Where its topics stand; only of a body in JSON. */
  readonly places: TopicTableOffsets | undefined
  readonly mark: RegistrationBaseline
}

/** What a registration is compared with, while it is. */
export interface Loan {
  /** Undefined if nothing is known. */
  readonly known: KnownRegistration | undefined
  readonly key: string
}

interface Entry {
  readonly known: KnownRegistration
  /** What its bytes stand in. */
  readonly memory: Buffer
  /** Weak, because the entry may be there long after the connection. */
  readonly channel: WeakRef<ChannelRef>
}

/** Bytes an entry is reckoned to need beside its body and the places of its topics. */
const ENTRY_BYTES = 1_024

/** The part of a body by which it may grow before it needs other memory. */
const SPARE_PART = 1 / 16

/**
 * The last registration of each broker, byte for byte, as long as its connection is open. Bounded in bytes: what finds no room is
 * not kept, and costs its broker the short way. Nothing is pushed out for it, since brokers come in turn and the one that was
 * pushed out would be the next to come.
 *
 * A registration stands in the memory of the one before it unless somebody still reads that: megabytes of fresh memory for each
 * would keep the garbage collector at work.
 */
export class RegistrationCache {
  readonly #maxBytes: number
  readonly #entries = new Map<string, Entry>()
  /** How many registrations are being compared with what is known, by key. */
  readonly #loans = new Map<string, number>()
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
   * The last registration of the broker that these fields name, if its body was of this form. It does not change until it is given
   * to {@link giveBack}.
   */
  lend(fields: ExtFields | null, form: BodyForm | undefined): Loan {
    const name = (field: string): string | null => stringField(fields, field)
    const key = keyOf(name('clusterName'), name('brokerName'), name('brokerId'), name('brokerAddr'))
    this.#loans.set(key, this.#loansOf(key) + 1)
    const known = this.#entries.get(key)?.known
    return { key, known: known?.form === form ? known : undefined }
  }

  /** To be called once for each loan. */
  giveBack({ key }: Loan): void {
    const loans = this.#loansOf(key) - 1
    if (loans > 0) this.#loans.set(key, loans)
    else this.#loans.delete(key)
  }

  /**
   * Keeps a broker's registration in place of the one before; undefined keeps none.
   * @param loan - Of whoever keeps it, who does not look at what was lent any more.
   */
  keep(
    broker: BrokerIdentity,
    channel: ChannelRef,
    known: KnownRegistration | undefined,
    loan: Loan | undefined,
  ): void {
    const key = keyOf(broker.clusterName, broker.brokerName, `${broker.brokerId}`, broker.brokerAddr)
    const before = this.#entries.get(key)
    this.#drop(key)
    if (known === undefined) return
    const isSame = known.bytes === before?.known.bytes
    const isRead = this.#loansOf(key) > (loan?.key === key ? 1 : 0)
    const used = isSame || (!isRead && before && fits(known.bytes, before.memory)) ? before.memory : undefined
    const bytes = sizeOf(known, used?.length ?? roomFor(known.bytes))
    if (this.#bytes + bytes > this.#maxBytes) this.#dropClosed()
    if (this.#bytes + bytes > this.#maxBytes) return
    const memory = used ?? Buffer.allocUnsafeSlow(roomFor(known.bytes))
    this.#bytes += bytes
    this.#entries.set(key, {
      known: isSame ? known : movedTo(memory, known),
      memory,
      channel: new WeakRef(channel),
    })
  }

  #loansOf(key: string): number {
    return this.#loans.get(key) ?? 0
  }

  #dropClosed(): void {
    for (const [key, { channel }] of this.#entries) if (channel.deref()?.closed !== false) this.#drop(key)
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#bytes -= sizeOf(entry.known, entry.memory.length)
  }
}

/** The id as it was written: another way to write the same id is another key, and only costs the short way. */
function keyOf(...names: (string | null)[]): string {
  return JSON.stringify(names)
}

function sizeOf({ places }: KnownRegistration, memoryBytes: number): number {
  return memoryBytes + (places?.boundaries.byteLength ?? 0) + ENTRY_BYTES
}

/** Whether bytes may stand in memory that was used before: there is room for them, and they do not leave half of it empty. */
function fits({ length }: Buffer, used: Buffer): boolean {
  return length <= used.length && 2 * length >= used.length
}

function roomFor({ length }: Buffer): number {
  return Math.ceil(length * (1 + SPARE_PART))
}

/** The body is somebody else's memory after the answer. */
function movedTo(memory: Buffer, known: KnownRegistration): KnownRegistration {
  const bytes = memory.subarray(0, known.bytes.length)
  bytes.set(known.bytes)
  return { ...known, bytes, places: known.places && { ...known.places, bytes } }
}
