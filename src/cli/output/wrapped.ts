import { beginning, width } from './width.ts'

/** Room for any character. */
const MIN_COLUMNS = 2

/** A text in lines of at most this many columns of a terminal. They end between words, unless a word is longer than a line. */
export function wrapped(text: string, columns: number): string[] {
  const room = Math.max(MIN_COLUMNS, columns)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (width(longer) <= room) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (width(line) > room) {
      const first = beginning(line, room)
      lines.push(first)
      line = line.slice(first.length)
    }
  }
  return [...lines, line]
}
