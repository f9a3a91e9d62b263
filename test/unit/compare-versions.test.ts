import { describe, expect, it } from 'vitest'
import { compareVersions } from '../../src/commands/install/program-file.js'

describe('of two versions', () => {
  it.each([
    ['0.1.1', '0.1.0'],
    ['0.10.0', '0.9.9'],
    ['1.0.0', '0.99.99'],
    ['0.2.0', '0.2.0-rc.1'],
    ['0.2.0-rc.1', '0.2.0-beta'],
    ['0.2.0-rc.1', '0.1.9'],
  ])('%s is newer than %s', (newer, older) => {
    expect(compareVersions(newer, older)).toBeGreaterThan(0)
    expect(compareVersions(older, newer)).toBeLessThan(0)
  })

  it.each([
    ['0.1.0', '0.1.0'],
    ['0.1.0-rc.1', '0.1.0-rc.1'],
    ['0.1.0+a', '0.1.0+b'],
  ])('%s is as new as %s', (one, other) => {
    expect(compareVersions(one, other)).toBe(0)
  })
})
