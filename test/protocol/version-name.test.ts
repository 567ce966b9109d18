import { expect, test } from 'vitest'
import { versionName, versionOfRelease } from '../../src/protocol/version-name.ts'

/** As `MQVersion.getVersionDesc` of RocketMQ 5.5.0 names them. */
test.each([
  [0, 'V3_0_0_SNAPSHOT'],
  [7, 'V3_0_0_BETA6_SNAPSHOT'],
  [15, 'V3_0_0_FINAL'],
  [16, 'V3_0_1_SNAPSHOT'],
  [45, 'V3_0_15'],
  [46, 'V3_1_0_SNAPSHOT'],
  [79, 'V3_2_6'],
  [85, 'V3_2_9'],
  [87, 'V3_3_1'],
  [103, 'V3_3_9'],
  [104, 'V3_4_1_SNAPSHOT'],
  [137, 'V3_5_8'],
  [211, 'V3_9_9'],
  [213, 'V4_0_0'],
  [317, 'V4_5_2'],
  [407, 'V4_9_7'],
  [412, 'V5_0_0_SNAPSHOT'],
  [479, 'V5_3_3'],
  [513, 'V5_5_0'],
  [611, 'V5_9_9'],
  [612, 'HIGHER_VERSION'],
  [2_147_483_647, 'HIGHER_VERSION'],
  [-1, 'UNKNOWN'],
])('version %i is %s', (version, name) => {
  expect(versionName(version)).toBe(name)
})

test.each([
  ['3.2.6', 79],
  ['4.9.7', 407],
  ['5.5.0', 513],
  ['3.4.0', undefined],
  ['9.9.9', undefined],
])('release %s is version %s', (release, version) => {
  expect(versionOfRelease(release)).toBe(version)
})
