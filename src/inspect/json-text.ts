import type { Steps } from '../common/time-slicer.ts'

/** Elements of an array that are written in one step. */
const ELEMENTS_PER_STEP = 32

/**
 * The JSON text of a plain value, in parts and in steps: a list of 100,000 names would block the event loop. Members that are undefined
 * are left out, as `JSON.stringify` does.
 */
export function* jsonParts(value: unknown, parts: string[] = []): Steps<string[]> {
  if (Array.isArray(value)) {
    parts.push('[')
    for (let from = 0; from < value.length; from += ELEMENTS_PER_STEP) {
      if (from > 0) parts.push(',')
      const chunk = value.slice(from, from + ELEMENTS_PER_STEP)
      parts.push(JSON.stringify(chunk).slice(1, -1))
      yield
    }
    parts.push(']')
    return parts
  }
  if (!isRecord(value)) {
    parts.push(JSON.stringify(value ?? null))
    return parts
  }
  let separator = '{'
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue
    parts.push(`${separator}${JSON.stringify(name)}:`)
    separator = ','
    yield* jsonParts(member, parts)
  }
  parts.push(separator === '{' ? '{}' : '}')
  return parts
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !('toJSON' in value)
}
