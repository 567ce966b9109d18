import { beginning, width } from './width.ts'

/** Room for any character. */
const MIN_COLUMNS = 2

/** A text in lines of at most this many columns of a terminal. They end between words, or within a word that is longer than a line. */
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
      const fitting = beginning(line, room)
      // After a comma, if there is one.
      const first = fitting.slice(0, fitting.lastIndexOf(',') + 1) || fitting
      lines.push(first)
      line = line.slice(first.length)
    }
  }
  return [...lines, line]
}

/** A text with spaces before each of its lines; one line if the columns are unknown. */
export function indented(text: string, spaces: number, columns = Number.POSITIVE_INFINITY): string[] {
  return wrapped(text, columns - spaces).map((line) => ' '.repeat(spaces) + line)
}
