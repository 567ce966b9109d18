/**
 * The languages of clients, at the index of their byte in a ROCKETMQ header; a JSON header has the name.
 * @see LanguageCode in apache/rocketmq
 */
export const LANGUAGE_CODES = [
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
export type LanguageCode = (typeof LANGUAGE_CODES)[number]

const byName: ReadonlyMap<string, LanguageCode> = new Map(LANGUAGE_CODES.map((name) => [name, name]))

/** The language of this name; OTHER for a name that Java does not know either, and for none. */
export function languageNamed(name: string | null): LanguageCode {
  return (name === null ? undefined : byName.get(name)) ?? 'OTHER'
}
