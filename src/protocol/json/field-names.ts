/**
 * The fields of one kind of JSON object, found by name as Java finds them: exactly, or else ignoring case, underscores and
 * hyphens ("smart match" in fastjson).
 */
export class FieldNames<Field extends string> {
  readonly #exact: ReadonlySet<string>
  readonly #loose: ReadonlyMap<string, Field>

  constructor(...fields: Field[]) {
    this.#exact = new Set(fields)
    this.#loose = new Map(fields.map((field) => [loosen(field), field]))
  }

  /** The field a member name stands for, or undefined. */
  match(name: string): Field | undefined {
    return this.#exact.has(name) ? (name as Field) : this.#loose.get(loosen(name))
  }
}

function loosen(name: string): string {
  return name.replace(/[_-]/g, '').toLowerCase()
}
