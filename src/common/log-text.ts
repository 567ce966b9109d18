/** Max characters of a name in a log line. */
const MAX_NAME_CHARACTERS = 64
/** Max characters of a sentence that may quote a peer. */
const MAX_TEXT_CHARACTERS = 300

/** A name from a peer as a log line shows it: its head, and its length if it was cut. */
export function cutName<Text extends string | null | undefined>(name: Text): Text | string {
  return typeof name === 'string' ? cut(name, MAX_NAME_CHARACTERS) : name
}

/** The same for a sentence. */
export function cutText(text: string): string {
  return cut(text, MAX_TEXT_CHARACTERS)
}

function cut(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text
  return `${text.slice(0, maxCharacters)}… (${text.length} characters)`
}
