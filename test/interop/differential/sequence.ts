import type { Release } from '../harness/packages.ts'
import type { DifferenceId } from './differences.ts'

/** A text that a response (header and body as they came) must have or lack before it counts as settled. */
export interface Condition {
  readonly has?: string
  readonly lacks?: string
}

export type Side = 'java' | 'ours'

/** What a response must be where the two servers differ on purpose; what is left out must be the same in both. */
export interface ExpectedAnswer {
  readonly code?: number
  /** Null: none. */
  readonly remark?: string | null
  readonly extFields?: Readonly<Record<string, string>> | null
  /** UTF-8 text; empty: none. */
  readonly body?: string
  /** UTF-8 text that is somewhere in the body. */
  readonly bodyHas?: string
}

export type Expected = ExpectedAnswer | 'closed' | 'silent'

/** A difference on purpose, with what each side answers. */
export interface Differs {
  readonly id: DifferenceId
  readonly java: Expected
  readonly ours: Expected
}

/** One request; what is not named is what a Java client of 5.5.0 sends. */
export interface RequestStep {
  /** Connection, opened when first used; default `main`. */
  readonly on?: string
  readonly code: number
  /** Null values go out as JSON nulls (binary header: left out); null for the whole: no such key. Default null. */
  readonly extFields?: Readonly<Record<string, string | null>> | null
  /** More ext fields behind those, where one has the same name or (in a JSON header) a value that is no string. */
  readonly moreFields?: readonly (readonly [string, unknown])[]
  /** Text that goes out in UTF-8. */
  readonly body?: string
  readonly bodyHex?: string
  /** MQVersion ordinal; default 513 (5.5.0). */
  readonly version?: number
  /** Default JSON. */
  readonly serializeType?: 'JSON' | 'ROCKETMQ'
  /** Default 0; with bit 0 or 1 no response is waited for, see `silent`. */
  readonly flag?: number
  /** Default: the number of the step. */
  readonly opaque?: number
  /** Default JAVA. */
  readonly language?: string
  /** Text of a JSON header in place of the one made of the fields above. */
  readonly header?: string
  /** The same in hex, where the text is not UTF-8. */
  readonly headerHex?: string
  /** Whole frame in hex, length word included, in place of everything above. */
  readonly frameHex?: string
  /**
   * No response is due: another request follows on the same connection, and its response must be the next thing to come.
   * Default: whether the flag says oneway or answer.
   */
  readonly silent?: boolean
  /** How long to wait where nothing is to come, ms; default 10,000. */
  readonly waitMs?: number
  /** Ask again until the response satisfies this; for effects that come after the response that announced them. */
  readonly until?: Condition | Readonly<Record<Side, Condition>>
  /** Milliseconds of the present time in the body are the same whatever they are. */
  readonly clock?: boolean
  /** Folders and the port of the server, in lines of `key=value`, are the same whatever they are. */
  readonly places?: boolean
  /** Of static mappings, only those that both have must be the same (`static-topic-ends`). */
  readonly mayDifferInMappings?: boolean
  /** A version query of a random broker: where Java answers that nothing has changed, ours may still answer `changed`. */
  readonly mayTellToRegister?: boolean
  /** The two may differ on purpose, depending on what was asked before. */
  readonly mayDiffer?: Differs
  /** The two differ on purpose. `exception-text`: both answer code 1 with a text of their own. */
  readonly differs?: 'exception-text' | Differs
}

/** Closes a connection; the next step of that name opens a new one. */
export interface CloseStep {
  readonly close: string
}

export type Step = RequestStep | CloseStep

/** Requests that go to one fresh server of each kind, one after the other. */
export interface Sequence {
  readonly name: string
  /** Of the configuration file, Java's names. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>
  /** Releases that must answer as ours does, but for release-differences.ts; default 5.5.0 and 5.3.3. */
  readonly releases?: readonly Release[]
  readonly steps: readonly Step[]
  /** Whether the KV files that the servers leave behind are compared as well. */
  readonly kvFile?: boolean
  /** The same of their configuration files. */
  readonly configFile?: boolean
}
