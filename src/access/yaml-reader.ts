import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
  parseDocument,
  type Scalar,
} from 'yaml'
import { hintFor } from '../common/nearest-name.ts'

/** Something wrong or doubtful in a file, and where. Lines and columns begin with 1. */
export interface FileNote {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** A value of the file; null where a key has none. */
export type YamlNode = ParsedNode | null

/** A key of a mapping with its value. */
export interface YamlEntry {
  readonly key: ParsedNode
  readonly value: ParsedNode
}

/** Deeper files are rejected: the parser is recursive, and Node ends the process if the stack is used up in a regular expression. */
const MAX_DEPTH = 64

/** In place of the parser's messages that quote the file: what is quoted may be a secret. */
const SYNTAX_ERRORS: { readonly [code: string]: string } = {
  BAD_COLLECTION_TYPE: 'a value must not begin with a tag (!); put it in quotes',
  BAD_DIRECTIVE: 'a line must not begin with %',
  BAD_DQ_ESCAPE: 'a backslash in double quotes is an escape; use single quotes',
  MULTIPLE_DOCS: 'the file must be one document; remove this line ---',
  TAG_RESOLVE_FAILED: 'a value must not begin with a tag (!); put it in quotes',
  UNEXPECTED_TOKEN: 'unexpected text; put values with special characters in quotes',
}

/** Reads a YAML file part by part, and collects everything that is wrong. Never throws. */
export class YamlReader {
  readonly root: YamlNode
  readonly #lines = new LineCounter()
  readonly #problems: FileNote[] = []
  readonly #warnings: FileNote[] = []

  /** @param text - As YAML 1.1, which SnakeYAML reads: `yes` is true and `010` is 8. */
  constructor(text: string) {
    this.root = null
    if (isTooDeep(text)) {
      this.#problems.push({ line: 1, column: 1, message: `nested more than ${MAX_DEPTH} levels deep` })
      return
    }
    const document = parseDocument(text, {
      version: '1.1',
      // Found below, with their names.
      uniqueKeys: false,
      // A secret of digits only must not be rounded.
      intAsBigInt: true,
      prettyErrors: false,
      lineCounter: this.#lines,
    })
    // The others are mostly its consequences.
    const [error] = [...document.errors, ...document.warnings]
    if (error !== undefined) {
      this.#add(this.#problems, error.pos[0], SYNTAX_ERRORS[error.code] ?? error.message)
      return
    }
    this.root = document.contents
    if (this.root === null) this.#add(this.#problems, 0, 'the file is empty')
  }

  /** In the order of the lines. */
  get problems(): readonly FileNote[] {
    return this.#problems.toSorted(byPosition)
  }

  get warnings(): readonly FileNote[] {
    return this.#warnings.toSorted(byPosition)
  }

  problem(node: ParsedNode, message: string): undefined {
    this.#add(this.#problems, node.range[0], message)
  }

  warning(node: ParsedNode, message: string): void {
    this.#add(this.#warnings, node.range[0], message)
  }

  lineOf(node: ParsedNode): number {
    return this.#lines.linePos(node.range[0]).line
  }

  /**
   * The entries of a mapping whose keys are free names. A key without a value is a problem: a restriction whose list is commented out
   * must not vanish.
   *
   * @param mayBeBlank - Names that count as missing without a value.
   */
  mapping(
    node: ParsedNode,
    what: string,
    mayBeBlank: readonly string[] = [],
  ): ReadonlyMap<string, YamlEntry> {
    const entries = new Map<string, YamlEntry>()
    if (!isMap(node)) {
      this.#unexpected(node, what, 'a mapping (key: value)')
      return entries
    }
    const seen = new Map<string, ParsedNode>()
    for (const { key, value } of node.items) {
      if (!isScalar(key)) {
        this.problem(key, `a key of ${what} must be a name`)
        continue
      }
      const name = nameOf(key)
      const first = seen.get(name)
      if (first !== undefined) {
        this.problem(key, `duplicate key ${JSON.stringify(name)}; it is also in line ${this.lineOf(first)}`)
        continue
      }
      seen.set(name, key)
      if (value !== null && !isNull(value)) entries.set(name, { key, value })
      else if (!mayBeBlank.includes(name)) this.problem(key, `${name} has no value`)
    }
    return entries
  }

  /** The entries of a mapping whose keys are known. */
  section<Key extends string>(
    node: ParsedNode,
    what: string,
    keys: readonly Key[],
    mayBeBlank: readonly Key[] = [],
  ): { readonly [Name in Key]?: YamlEntry } {
    const known: { [Name in Key]?: YamlEntry } = {}
    const isKnown = (name: string): name is Key => (keys as readonly string[]).includes(name)
    const unknown: string[] = []
    if (isMap(node))
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? nameOf(key) : undefined
        if (name === undefined || isKnown(name)) continue
        unknown.push(name)
        // Without a value it may be a secret behind a forgotten space, as in {secretKey:secret}.
        const shown = value !== null && /^[a-z]{1,40}$/i.test(name) ? ` ${JSON.stringify(name)}` : ''
        this.problem(key, `unknown key${shown} in ${what}${hintFor(name, keys)}`)
      }
    for (const [name, entry] of this.mapping(node, what, [...mayBeBlank, ...unknown]))
      if (isKnown(name)) known[name] = entry
    return known
  }

  /** The items of a list; a single value counts as a list of it. */
  items(node: ParsedNode, what: string, count: 'some' | 'or none' = 'some'): readonly ParsedNode[] {
    if (!isSeq(node)) return [node]
    if (node.items.length === 0 && count === 'some') this.problem(node, `${what} is an empty list`)
    return node.items
  }

  /** A text. What YAML takes for a number or a word such as `no` is read as it is written. */
  text(node: ParsedNode, what: string): string | undefined {
    if (!isScalar(node) || isNull(node)) return this.#unexpected(node, what, 'a text')
    const { value, source, tag } = node
    if (typeof value !== 'string' && tag !== undefined) return this.#unexpected(node, what, 'a text')
    const text = copyOf(typeof value === 'string' ? value : source)
    return text === '' ? this.problem(node, `${what} is empty`) : text
  }

  /** Texts of a list, or a single one. */
  texts(node: ParsedNode, what: string): readonly string[] {
    return this.items(node, what).flatMap((item) => this.text(item, what) ?? [])
  }

  /** One of a few words. */
  word<Word extends string>(node: ParsedNode, what: string, words: readonly Word[]): Word | undefined {
    const text = this.text(node, what)
    const word = words.find((each) => each === text)
    if (text === undefined || word !== undefined) return word
    return this.problem(
      node,
      `${what} is ${JSON.stringify(text)}, not one of ${words.join(', ')}${hintFor(text, words)}`,
    )
  }

  boolean(node: ParsedNode, what: string): boolean | undefined {
    if (isScalar(node) && typeof node.value === 'boolean') return node.value
    return this.#unexpected(node, what, 'true or false')
  }

  /** A whole number from `min`. */
  integer(node: ParsedNode, what: string, min: number): number | undefined {
    const value = isScalar(node) && typeof node.value === 'bigint' ? Number(node.value) : Number.NaN
    if (Number.isSafeInteger(value) && value >= min) return value
    return this.#unexpected(node, what, `a whole number of at least ${min}`)
  }

  #unexpected(node: ParsedNode, what: string, expected: string): undefined {
    if (isAlias(node))
      return this.problem(node, `${what} is an alias; write the value itself, in quotes if it begins with *`)
    return this.problem(node, `${what} must be ${expected}`)
  }

  #add(notes: FileNote[], offset: number, message: string): void {
    const { line, col } = this.#lines.linePos(offset)
    notes.push({ line: Math.max(1, line), column: Math.max(1, col), message })
  }
}

/** A whole number without quotes, as SnakeYAML reads it: `010` is 8. Undefined for all else, such as `08`, a text to SnakeYAML. */
export function integerText(node: ParsedNode): string | undefined {
  if (!isScalar(node) || typeof node.value !== 'bigint' || /^[-+]?0[\d_]*[89:]/.test(node.source))
    return undefined
  return `${node.value}`
}

function nameOf({ value, source }: Scalar): string {
  return copyOf(typeof value === 'string' ? value : (source ?? ''))
}

/** Not a slice, which would keep the whole file in memory, and with it the secrets. */
function copyOf(text: string): string {
  return Buffer.from(text).toString()
}

function isNull(node: ParsedNode): boolean {
  return isScalar(node) && node.value === null
}

function byPosition(a: FileNote, b: FileNote): number {
  return a.line - b.line || a.column - b.column
}

/** Whether values are nested too deeply to be parsed; this parser's first stage keeps its own stack. */
function isTooDeep(text: string): boolean {
  const parser = new Parser()
  for (const token of new Lexer().lex(text)) {
    for (const _ of parser.next(token));
    if (parser.stack.length > MAX_DEPTH) return true
  }
  return false
}
