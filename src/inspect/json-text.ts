import type { Steps } from '../common/time-slicer.ts'
import { TextChunks } from '../protocol/json/json-text.ts'

/**
 * The JSON text of a plain value, in steps: a list of thousands would block the event loop. Members that are undefined are left out,
 * as `JSON.stringify` does. A line feed follows.
 */
export function* jsonBody(value: unknown): Steps<Buffer> {
  const text = new TextChunks()
  yield* write(value, text)
  text.add('\n')
  return text.toBuffer()
}

function* write(value: unknown, text: TextChunks): Steps<void> {
  if (Array.isArray(value)) {
    let separator = '['
    for (const element of value) {
      text.add(separator)
      separator = ','
      yield* write(element, text)
    }
    text.add(separator === '[' ? '[]' : ']')
    return
  }
  if (!isRecord(value)) {
    text.add(JSON.stringify(value ?? null))
    yield
    return
  }
  let separator = '{'
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue
    text.add(`${separator}${JSON.stringify(name)}:`)
    separator = ','
    yield* write(member, text)
  }
  text.add(separator === '{' ? '{}' : '}')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !('toJSON' in value)
}
