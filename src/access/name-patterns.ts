/** Patterns of names: `*` stands for any characters, also none; everything else is literal. */
export class NamePatterns {
  readonly patterns: readonly string[]
  readonly #parts: readonly (readonly string[])[]

  constructor(patterns: readonly string[]) {
    this.patterns = patterns
    this.#parts = patterns.map((pattern) => pattern.split('*'))
  }

  has(name: string): boolean {
    return this.#parts.some((parts) => matches(name, parts))
  }
}

/** Whether a name consists of these parts, with any characters between them. Each part is searched once: no backtracking. */
function matches(name: string, [first = '', ...others]: readonly string[]): boolean {
  const last = others.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first)) return false
  let offset = first.length
  for (const part of others) {
    const found = name.indexOf(part, offset)
    if (found < 0) return false
    offset = found + part.length
  }
  return name.length - last.length >= offset && name.endsWith(last)
}
