/** Names of the language byte; the index is the code on the wire. @see LanguageCode in apache/rocketmq */
const NAMES = [
  'JAVA',
  'CPP',
  'DOTNET',
  'PYTHON',
  'DELPHI',
  'ERLANG',
  'RUBY',
  'OTHER',
  'HTTP',
  'GO',
  'PHP',
  'OMS',
  'RUST',
  'NODE_JS',
] as const

/** The implementation language a peer says it has. Informational: no behaviour hangs on it. */
export type LanguageCode = (typeof NAMES)[number]

const BY_NAME: ReadonlyMap<string, LanguageCode> = new Map(NAMES.map((name) => [name, name]))

/** The language of a code byte, or null for a code this release does not know. */
export function languageOfCode(code: number): LanguageCode | null {
  return NAMES[code] ?? null
}

/** The language of a name, or null for a name this release does not know. */
export function languageOfName(name: string): LanguageCode | null {
  return BY_NAME.get(name) ?? null
}

/** The byte of a language; null is written as JAVA. */
export function codeOfLanguage(language: LanguageCode | null): number {
  return language === null ? 0 : NAMES.indexOf(language)
}
