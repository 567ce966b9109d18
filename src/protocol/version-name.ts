import { MQVersion } from './remoting-command.ts'

const FIRST_NAMES = [
  'SNAPSHOT',
  'ALPHA1',
  'BETA1',
  'BETA2',
  'BETA3',
  'BETA4',
  'BETA5',
  'BETA6_SNAPSHOT',
  'BETA6',
  'BETA7_SNAPSHOT',
  'BETA7',
  'BETA8_SNAPSHOT',
  'BETA8',
  'BETA9_SNAPSHOT',
  'BETA9',
  'FINAL',
]

/**
 * The name of a version, such as `V5_5_0`; `UNKNOWN` for a negative one.
 * @see MQVersion#getVersionDesc in apache/rocketmq
 */
export function versionName(version: number): string {
  if (version < 0) return 'UNKNOWN'
  if (version >= MQVersion.HIGHER_VERSION) return 'HIGHER_VERSION'
  const first = FIRST_NAMES[version]
  if (first !== undefined) return `V3_0_0_${first}`
  const suffix = version % 2 === 0 ? '_SNAPSHOT' : ''
  return `V${releaseOf(version >> 1)}${suffix}`
}

/** Each release has two constants, the first one for its snapshot. */
function releaseOf(pair: number): string {
  if (pair < 23) return `3_0_${pair - 7}`
  return [...String(releaseNumber(pair))].join('_')
}

/** The digits of the release as a number. From 3.3 to 3.9, those that end in 0 have no constant. */
function releaseNumber(pair: number): number {
  if (pair >= 106) return 400 + (pair - 106)
  if (pair >= 43) return 331 + (pair - 43) + Math.floor((pair - 43) / 9)
  return 310 + (pair - 23)
}

/** The version of a release such as `4.9.7`; undefined if there is no such release. */
export function versionOfRelease(release: string): number | undefined {
  const name = `V${release.replaceAll('.', '_')}`
  for (let version = 0; version < MQVersion.HIGHER_VERSION; version++)
    if (versionName(version) === name) return version
  return undefined
}
