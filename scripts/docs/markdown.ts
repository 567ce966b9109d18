/** A table of texts, each within its line. @param rows - The first one is the head. */
export function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(cell).join(' | ')} |`)
    .join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

/**
 * A text with what stands between `<!-- KIND:NAME -->`, or `<!-- KIND -->`, and `<!-- /KIND -->` replaced, wherever it does.
 * @param partOf - What stands there, by NAME.
 */
export function withParts(text: string, kind: string, partOf: (name: string) => string): string {
  const places = new RegExp(`(<!-- ${kind}(?::(\\w+))? -->\\n)[\\s\\S]*?(<!-- /${kind} -->)`, 'g')
  if (text.search(places) === -1) throw new Error(`the text has no <!-- ${kind} --> … <!-- /${kind} -->`)
  return text.replace(
    places,
    (_, begin: string, name: string | undefined, end: string) => `${begin}\n${partOf(name ?? '')}\n\n${end}`,
  )
}
