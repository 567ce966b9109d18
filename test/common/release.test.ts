import { describe, expect, it } from 'vitest'
import { release } from '../../src/common/release.ts'

describe('The release of a version name', () => {
  it.each([
    ['V5_5_0', '5.5.0'],
    ['V4_9_8_SNAPSHOT', '4.9.8-SNAPSHOT'],
    ['V3_0_0_BETA6_SNAPSHOT', '3.0.0-BETA6-SNAPSHOT'],
    ['V3_0_12', '3.0.12'],
    ['HIGHER_VERSION', 'HIGHER_VERSION'],
    ['UNKNOWN', 'UNKNOWN'],
  ])('of %s is %s', (name, expected) => {
    expect(release(name)).toBe(expected)
  })
})
