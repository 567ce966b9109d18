import type { Format } from './report.ts'
import { visibleJson, visibleStrings } from './visible.ts'
import { yaml } from './yaml.ts'

/**
 * One of the items that a command shows as they come: JSON, one object a line, YAML, one document each, or a line of text.
 * @param text - For people, from the item with its strings made visible.
 */
export function liveLine<Item extends object>(
  item: Item,
  { format, text, name }: { format: Format; text: (item: Item) => string; name: (item: Item) => string },
): string {
  switch (format) {
    case 'json':
    case 'jsonl':
      return `${visibleJson(item)}\n`
    case 'yaml':
      return `---\n${yaml(item)}`
    case 'name':
      return `${name(visibleStrings(item))}\n`
    default:
      return `${text(visibleStrings(item))}\n`
  }
}
