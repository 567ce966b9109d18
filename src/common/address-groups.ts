/** The groups of an IP address, with zeros in place of `::`. */
export function addressGroups(text: string, count: number, separator: '.' | ':'): string[] {
  const [head = '', tail] = separator === ':' ? text.split('::') : [text]
  const first = head === '' ? [] : head.split(separator)
  if (tail === undefined) return first
  const last = tail === '' ? [] : tail.split(separator)
  return [...first, ...Array<string>(Math.max(0, count - first.length - last.length)).fill('0'), ...last]
}
