export type JavaJson = null | boolean | number | string | JavaJson[] | { [key: string]: JavaJson }

/** Parses JSON in which a Java server may have left integer keys without quotes (`{0:"addr"}`). */
export function parseJavaJson(text: string): JavaJson {
  // Strings are matched first and kept, so that nothing inside them is taken for a key.
  const standard = text.replaceAll(
    /("(?:[^"\\]|\\.)*")|([{,]\s*)(-?\d+)(\s*:)/g,
    (_all, string, before, key, after) => (string === undefined ? `${before}"${key}"${after}` : string),
  )
  return JSON.parse(standard) as JavaJson
}
