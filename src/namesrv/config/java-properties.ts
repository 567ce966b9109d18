import { ConfigError } from './config-error.ts'

/** A limit, because the text may come from a peer. */
const MAX_REPORTED_LINES = 20

/** One pair of a `.properties` file. */
export interface JavaProperty {
  readonly key: string
  /** With its trailing white space, which Java keeps. */
  readonly value: string
  /** Line of the file, from 1, on which the pair begins. */
  readonly line: number
}

/**
 * Reads a `.properties` file as Java does: bytes are ISO-8859-1, `\uXXXX` escapes, `#` and `!` comments, lines continued by an
 * odd number of backslashes, separators `=`, `:` and white space, trailing white space of values kept.
 *
 * @param bytes - The whole file, or the body of a configuration update.
 * @param name - Names the file in an error.
 * @returns The pairs by key, each the last one of its key.
 * @throws {ConfigError} `ERR_CONFIG_SYNTAX`: a malformed `\uXXXX`; as in Java, the whole file is unusable then.
 * @see java.util.Properties#load(InputStream)
 */
export function parseJavaProperties(bytes: Uint8Array, name = 'properties'): Map<string, JavaProperty> {
  const pairs = new Map<string, JavaProperty>()
  const problems: string[] = []
  for (const { text, line } of logicalLines(Buffer.from(bytes).toString('latin1'))) {
    if (MALFORMED.test(text)) {
      problems.push(`${name}:${line}: malformed \\uXXXX escape (it needs four hex digits)${pathHint(text)}`)
      continue
    }
    const { index = text.length, 0: separator = '' } = SEPARATOR.exec(text) ?? {}
    const key = unescaped(text.slice(0, index))
    pairs.set(key, { key, value: unescaped(text.slice(index + separator.length)), line })
  }
  if (problems.length === 0) return pairs
  throw new ConfigError('ERR_CONFIG_SYNTAX', problems.slice(0, MAX_REPORTED_LINES))
}

/** What ends a key: white space, `=` or `:` after an even number of backslashes. */
const SEPARATOR = /(?=[=: \t\f])(?<=(?<!\\)(?:\\\\)*)[ \t\f]*[=:]?[ \t\f]*/

const MALFORMED = /(?<!\\)(?:\\\\)*\\u(?![\dA-Fa-f]{4})/

/** The end of a line that the next one continues: an odd number of backslashes. */
const CONTINUED = /(?<!\\)(?:\\\\)*\\$/

interface LogicalLine {
  text: string
  /** Of its first line, from 1. */
  readonly line: number
}

/**
 * The lines that hold a pair, with those that continue them. After a line of nothing but a backslash the next one is a first line,
 * and may be empty or a comment; only where nothing at all follows, such a line is a pair, with an empty key.
 *
 * @see java.util.Properties.LineReader#readLine
 */
function logicalLines(text: string): LogicalLine[] {
  const found: LogicalLine[] = []
  let open: LogicalLine | undefined
  const lines = text.split(/\r\n|\r|\n/)
  // A line break that ends the text begins no line, but one of two characters does to Java.
  const last = lines.length - (lines.at(-1) === '' && !text.endsWith('\r\n') ? 2 : 1)
  for (const [index, indented] of lines.entries()) {
    const line = indented.replace(/^[ \t\f]+/, '')
    const isContinued = CONTINUED.test(line)
    const content = isContinued ? line.slice(0, -1) : line
    if (open === undefined) {
      if (line === '' || /^[#!]/.test(line) || (content === '' && index < last)) continue
      open = { text: '', line: index + 1 }
      found.push(open)
    }
    open.text += content
    if (!isContinued) open = undefined
  }
  return found
}

/** A Windows path is the usual reason: a name in it begins with `u`. */
function pathHint(line: string): string {
  return /[A-Za-z]:\\/.test(line) ? '; in a path write / or \\\\ instead of a single backslash' : ''
}

function unescaped(text: string): string {
  return text.replace(/\\(?:u(.{4})|(.))/g, (_, code: string | undefined, character: string) =>
    code === undefined ? (UNESCAPED[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16)),
  )
}

const UNESCAPED: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

/** Characters with a meaning of their own anywhere in a key or a value. */
const SPECIAL: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\f': '\\f',
}

/**
 * Pairs as the text of a `.properties` file, one line each, that reads back as the same pairs. Where nothing needs an escape
 * it is byte for byte what Java stores; Java escapes nothing, and so loses backslashes and breaks lines.
 *
 * @see MixAll#properties2String in apache/rocketmq
 */
export function propertiesText(pairs: Iterable<readonly [key: string, value: string]>): string {
  let text = ''
  for (const [key, value] of pairs) text += `${propertyLine(key, value)}\n`
  return text
}

/** A pair as a line of a `.properties` file, without the line break. */
export function propertyLine(key: string, value: string): string {
  const name = escaped(key).replace(/[ =:]/g, '\\$&').replace(/^[#!]/, '\\$&')
  return `${name}=${escaped(value).replace(/^ /, '\\ ')}`
}

function escaped(text: string): string {
  return text.replace(/[^ -[\]-~]/g, (unit) => SPECIAL[unit] ?? unicodeEscape(unit))
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
