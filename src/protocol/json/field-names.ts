/** The fields of one kind of JSON object. Names are matched exactly, as 5.5.0 does; other members are passed over. */
export class FieldNames<Field extends string> {
  readonly #fields: readonly Field[]

  /** @param fields - Plain ASCII, and few: they are compared one by one. */
  constructor(...fields: Field[]) {
    this.#fields = fields
  }

  /** How many there are. */
  get count(): number {
    return this.#fields.length
  }

  /** The field a member name stands for, or undefined. */
  match(name: string): Field | undefined {
    return this.#fields.find((field) => field === name)
  }

  /** The same for a name that stands in bytes, without an escape. */
  matchBytes(bytes: Uint8Array, from: number, to: number): Field | undefined {
    for (const field of this.#fields) {
      if (field.length !== to - from) continue
      let at = 0
      while (at < field.length && field.charCodeAt(at) === bytes[from + at]) at++
      if (at === field.length) return field
    }
    return undefined
  }
}
