import { quote } from './json/json-text.ts'

/** UTF-8 takes up to three bytes for a UTF-16 unit, an escape six. */
export const MOST_UNIT_BYTES = 6

/**
 * Remarks that are the same but for one word in the middle. They are put together in the frame of the answer, so that an answer
 * without a body costs no more than one with it.
 */
export class RemarkTemplate {
  readonly before: string
  readonly after: string
  /** What both need at most in any form that a header is written in, in bytes. */
  readonly mostBytes: number
  /** Both as they stand in a JSON string. */
  readonly encodedBefore: Buffer
  readonly encodedAfter: Buffer

  /** Neither text may hold half a surrogate pair. */
  constructor(before: string, after: string) {
    this.before = before
    this.after = after
    this.encodedBefore = Buffer.from(quote(before).slice(1, -1))
    this.encodedAfter = Buffer.from(quote(after).slice(1, -1))
    this.mostBytes = (before.length + after.length) * MOST_UNIT_BYTES
  }

  /** The remark with this word. */
  with(word: string): Remark {
    return { template: this, word }
  }
}

/** A remark that has not been put together. */
export interface Remark {
  readonly template: RemarkTemplate
  readonly word: string
}

/** The whole text of a remark. */
export function remarkText(remark: string | Remark): string {
  if (typeof remark === 'string') return remark
  const { template, word } = remark
  return `${template.before}${word}${template.after}`
}
