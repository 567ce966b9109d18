/** A value of the type of its key; null if it has none. */
export type ShownValue = string | number | boolean | null

/** A key of a NameServer's configuration; null where it does not say. */
export interface ServerKey {
  readonly key: string
  /** Asterisks in place of a secret. */
  readonly value: ShownValue
  readonly default: ShownValue
  readonly source: { readonly layer: string; readonly place: string } | null
  /** When the value is read: at every use, by each new connection, at the start, or never. */
  readonly effect: 'live' | 'connection' | 'start' | 'none' | null
  readonly unit: string | null
  /** Whether request 318 can change it. */
  readonly updatable: boolean | null
  readonly meaning: string | null
}
