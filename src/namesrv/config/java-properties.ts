import { Properties } from 'properties-file/parser'
import { ConfigError } from './config-error.ts'

/** A limit, because each reported line is parsed alone, and the text may come from a peer. */
const MAX_REPORTED_LINES = 20

/** One pair of a `.properties` file. */
export interface JavaProperty {
  readonly key: string
  /** With its trailing white space, which Java keeps. */
  readonly value: string
  /** Line of the file, from 1, on which the pair begins. */
  readonly line: number
  /** The pairs before it with the same key, which have no effect; left out if there are none. */
  readonly earlier?: { readonly value: string; readonly line: number }[]
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
  const { text, logicalLines } = joinable(Buffer.from(bytes).toString('latin1'))
  let document: Properties
  try {
    document = new Properties(text)
  } catch (cause) {
    const malformed: LogicalLine[] = []
    for (const logical of logicalLines) {
      if (malformed.length < MAX_REPORTED_LINES && !isReadable(logical.text)) malformed.push(logical)
    }
    const problems = (malformed.length > 0 ? malformed : [{ number: 1, text: '' }]).map(
      (line) =>
        `${name}:${line.number}: malformed \\uXXXX escape (it needs four hex digits)${pathHint(line.text)}`,
    )
    throw new ConfigError('ERR_CONFIG_SYNTAX', problems, { cause })
  }
  const pairs = new Map<string, JavaProperty>()
  for (const node of document.getProperties()) {
    const { key, value, startingLineNumber: line } = node
    const before = pairs.get(key)
    const earlier = before === undefined ? undefined : (before.earlier ?? [])
    // In place: a text of nothing but one key must not take quadratic time.
    if (before !== undefined) earlier?.push({ value: before.value, line: before.line })
    pairs.set(key, { key, value, line, ...(earlier && { earlier }) })
  }
  return pairs
}

interface LogicalLine {
  text: string
  /** Of its first line, from 1. */
  readonly number: number
}

/**
 * Empties lines that hold nothing but a continuation backslash where a pair would begin: to Java the next line is a first one
 * then, and may be empty or a comment; the library would make a pair with an empty key of it. Only when nothing at all follows
 * (not even the second half of a CR LF) does Java report that pair too.
 *
 * @see java.util.Properties.LineReader#readLine
 */
function joinable(text: string): { text: string; logicalLines: LogicalLine[] } {
  const parts = text.split(/(\r\n|\r|\n)/)
  const last = parts.length - 1
  const logicalLines: LogicalLine[] = []
  let open: LogicalLine | undefined
  for (let index = 0; index < parts.length; index += 2) {
    const line = parts[index] as string
    const nothingFollows =
      index === last || (index === last - 2 && parts[last] === '' && parts[last - 1] !== '\r\n')
    if (open === undefined && /^[ \t\f]*\\$/.test(line) && !nothingFollows) {
      parts[index] = ''
      continue
    }
    if (open === undefined) {
      if (/^[ \t\f]*(?:[#!]|$)/.test(line)) continue
      open = { text: line, number: index / 2 + 1 }
      logicalLines.push(open)
    } else {
      open.text += `\n${line}`
    }
    if (!isContinued(line)) open = undefined
  }
  return { text: parts.join(''), logicalLines }
}

/** Whether a line ends with an odd number of backslashes. */
function isContinued(line: string): boolean {
  let end = line.length
  while (line[end - 1] === '\\') end--
  return (line.length - end) % 2 === 1
}

/** A Windows path is the usual reason: a name in it begins with `u`. */
function pathHint(line: string): string {
  return /[A-Za-z]:\\/.test(line) ? '; in a path write / or \\\\ instead of a single backslash' : ''
}

function isReadable(text: string): boolean {
  try {
    new Properties(text)
    return true
  } catch {
    return false
  }
}

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

/** A UTF-16 unit as `\uXXXX`. */
function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
