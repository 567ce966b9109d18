/** The fields of a type of JSON object. Names are matched exactly, as 5.5.0 does. */
export class FieldNames<Field extends string> {
  readonly #fields: readonly Field[]

  /** @param fields - A few names in plain ASCII; they are compared one by one. */
  constructor(...fields: Field[]) {
    this.#fields = fields
  }

  /** The number of fields. */
  get count(): number {
    return this.#fields.length
  }

  /** The field of this name, or undefined. */
  match(name: string): Field | undefined {
    return this.#fields.find((field) => field === name)
  }

  /** The field whose name the bytes are, or undefined. */
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
