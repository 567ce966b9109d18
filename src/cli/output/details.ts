/** Lines `name:  value`, aligned. Null is shown as `-`. */
export function detailLines(
  details: readonly (readonly [name: string, value: string | number | null])[],
): string[] {
  const left = Math.max(...details.map(([name]) => name.length)) + 1
  return details.map(([name, value]) => `${`${name}:`.padEnd(left)}  ${value === '' ? '-' : (value ?? '-')}`)
}
