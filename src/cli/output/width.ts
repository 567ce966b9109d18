const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u
const NARROW_ONLY = /^[\x20-\x7e]*$/
const COMBINING = /\p{M}/u

/** Columns of a terminal that a visible text takes: 2 for East Asian wide characters and emoji, 0 for combining ones. */
export function width(text: string): number {
  if (NARROW_ONLY.test(text)) return text.length
  let columns = 0
  for (const character of text) columns += widthOf(character)
  return columns
}

function widthOf(character: string): number {
  if (COMBINING.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** Columns of a terminal; undefined if the stream is not a terminal, or does not know its size: it has 0 columns then. */
export function columnsOf({
  isTTY,
  columns,
}: {
  readonly isTTY?: boolean | undefined
  readonly columns?: number
}): number | undefined {
  return (isTTY === true && columns) || undefined
}

/** The text with spaces to the given width. */
export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, columns - width(text)))
  return align === 'left' ? text + spaces : spaces + text
}

/** The text cut to the given width, with `…` in place of what is cut off. */
export function cut(text: string, columns: number): string {
  return width(text) <= columns ? text : `${beginning(text, columns - 1)}…`
}

/** As much of the beginning of a text as the given width has room for. */
export function beginning(text: string, columns: number): string {
  let [kept, used] = ['', 0]
  for (const character of text) {
    used += widthOf(character)
    if (used > columns) break
    kept += character
  }
  return kept
}
