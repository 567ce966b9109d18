import type { DataVersion } from '../protocol/body/data-version.ts'
import type { TopicTablePlaces } from '../protocol/body/topic-table-places.ts'
import { stringField } from '../protocol/ext-fields.ts'
import type { ChannelRef } from '../protocol/processor.ts'
import type { ExtFields } from '../protocol/remoting-command.ts'
import type { TopicsMark } from '../routeinfo/registration.ts'
import type { BrokerIdentity } from '../routeinfo/route-effect.ts'

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
  readonly places: TopicTablePlaces | undefined
  readonly mark: TopicsMark
}

interface Entry {
  readonly known: KnownRegistration
  /** Weak, because the entry may be there long after the connection. */
  readonly channel: WeakRef<ChannelRef>
}

/** Bytes an entry is reckoned to need beside its body and the places of its topics. */
const ENTRY_BYTES = 1_024

/**
 * The last registration of each broker, byte for byte, as long as its connection is open. Bounded in bytes: what finds no room is
 * not kept, and costs its broker the short way. Nothing is pushed out for it, since brokers come in turn and the one that was
 * pushed out would be the next to come.
 */
export class RegistrationMemory {
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

  /** The last registration of the broker that these fields name, if its body was of this form. */
  find(fields: ExtFields | null, form: BodyForm | undefined): KnownRegistration | undefined {
    const name = (field: string): string | null => stringField(fields, field)
    const known = this.#entries.get(
      keyOf(name('clusterName'), name('brokerName'), name('brokerId'), name('brokerAddr')),
    )?.known
    return known?.form === form ? known : undefined
  }

  /** Keeps a broker's registration in place of the one before; undefined keeps none. */
  keep(broker: BrokerIdentity, channel: ChannelRef, known: KnownRegistration | undefined): void {
    const key = keyOf(broker.clusterName, broker.brokerName, `${broker.brokerId}`, broker.brokerAddr)
    const before = this.#entries.get(key)?.known
    this.#drop(key)
    if (known === undefined) return
    const bytes = sizeOf(known)
    if (this.#bytes + bytes > this.#maxBytes) this.#dropClosed()
    if (this.#bytes + bytes > this.#maxBytes) return
    this.#bytes += bytes
    this.#entries.set(key, {
      known: known.bytes === before?.bytes ? known : inOwnMemory(known),
      channel: new WeakRef(channel),
    })
  }

  #dropClosed(): void {
    for (const [key, { channel }] of this.#entries) if (channel.deref()?.closed !== false) this.#drop(key)
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#bytes -= sizeOf(entry.known)
  }
}

/** The id as it was written: another way to write the same id is another key, and only costs the short way. */
function keyOf(...names: (string | null)[]): string {
  return JSON.stringify(names)
}

function sizeOf({ bytes, places }: KnownRegistration): number {
  return bytes.length + (places?.boundaries.byteLength ?? 0) + ENTRY_BYTES
}

/** The body is somebody else's memory after the answer. */
function inOwnMemory(known: KnownRegistration): KnownRegistration {
  const bytes = Buffer.from(known.bytes)
  const places = known.places && { ...known.places, bytes }
  return { ...known, bytes, places }
}
