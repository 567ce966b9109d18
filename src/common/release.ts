/** The release of a version name as people write it: `V5_5_0` is `5.5.0`, `V3_0_0_BETA6_SNAPSHOT` is `3.0.0-BETA6-SNAPSHOT`. */
export function release(versionName: string): string {
  const [, numbers, rest = ''] = /^V(\d+(?:_\d+)*)(.*)$/.exec(versionName) ?? []
  if (numbers === undefined) return versionName
  return `${numbers.replaceAll('_', '.')}${rest.replaceAll('_', '-')}`
}
