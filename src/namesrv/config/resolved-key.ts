import type { ConfigKey, ConfigValue } from './config-key.ts'

/** Where a value comes from. */
export type ConfigSource =
  | { readonly layer: 'default' }
  | {
      readonly layer: 'file'
      readonly path: string
      /** From 1; none if the path itself is the value. */
      readonly line?: number
    }
  | { readonly layer: 'environment'; readonly variable: string }
  /** The option as it was written, with its dashes. */
  | { readonly layer: 'option'; readonly option: string }
  /** The sender's address, `host:port`. */
  | { readonly layer: 'update'; readonly peer: string }

/** A source in words: `ns.conf:12`, `environment variable ROCKETMQ_HOME`, `option --listenPort`, `update by 10.0.0.7:40312`, `default`. */
export function describeSource(source: ConfigSource): string {
  switch (source.layer) {
    case 'default':
      return 'default'
    case 'file':
      return source.line === undefined ? source.path : `${source.path}:${source.line}`
    case 'environment':
      return `environment variable ${source.variable}`
    case 'option':
      return `option ${source.option}`
    case 'update':
      return `update by ${source.peer}`
    default:
      return source satisfies never
  }
}

/** A text given for a key, not converted yet. */
export interface GivenText {
  readonly text: string
  readonly source: ConfigSource
}

/** A key with its value in effect. */
export interface ResolvedKey {
  readonly key: ConfigKey
  readonly value: ConfigValue
  /** The value as Java prints it; undefined for Java's null. */
  readonly text: string | undefined
  readonly source: ConfigSource
}

/** Shown in place of a secret. */
export const HIDDEN = '******'

/** The value of a key as people may see it; empty for Java's null. */
export function printable({ key, text }: ResolvedKey): string {
  return text === undefined ? '' : shownText(key, text)
}

/** A text as people may see it; an empty text and the default are no secrets. */
export function shownText(key: ConfigKey | undefined, text: string): string {
  return key?.secret === true && text !== '' && text !== key.default ? HIDDEN : text
}
