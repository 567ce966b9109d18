/** Control, format (bidi, tags), private use and unassigned characters, lone surrogates, fillers, and spaces that look like a space. */
export const INVISIBLE = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu

/**
 * A name from a stranger, with every character that a terminal would obey or hide as `\uXXXX`: names of topics, brokers and
 * clients may contain any, and must neither move the cursor nor look like another name.
 */
export function visible(text: string): string {
  return text.replace(INVISIBLE, escaped)
}

/** A character as `\uXXXX`. */
export function escaped(character: string): string {
  let text = ''
  // In UTF-16 units, so that the same escapes are right in JSON.
  for (let index = 0; index < character.length; index++)
    text += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`
  return text
}
