/** The fields of one kind of JSON object. Names are matched exactly, as 5.5.0 does; other members are passed over. */
export class FieldNames<Field extends string> {
  readonly #names: ReadonlySet<string>

  constructor(...fields: Field[]) {
    this.#names = new Set(fields)
  }

  /** The field a member name stands for, or undefined. */
  match(name: string): Field | undefined {
    return this.#names.has(name) ? (name as Field) : undefined
  }
}
