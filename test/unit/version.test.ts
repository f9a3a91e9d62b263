import { describe, expect, it } from 'vitest'
import { requireSupportedVersion } from '../../src/cni/version.js'

describe('the version gate', () => {
  it.each(['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'])(
    'lets %s in',
    (version) => {
      expect(requireSupportedVersion(version, 'ADD')).toBe(version)
    },
  )

  it.each([['1.9.0'], ['1.1'], ['latest']])('refuses %j', (version) => {
    expect(() => requireSupportedVersion(version, 'ADD')).toThrow(
      expect.objectContaining({
        code: 1,
        message: 'incompatible CNI versions',
        details: `config is "${version}", plugin supports ["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]`,
      }),
    )
  })

  it.each([[undefined], ['']])('takes %j for 0.1.0', (version) => {
    expect(requireSupportedVersion(version, 'ADD')).toBe('0.1.0')
  })

  it.each([
    ['CHECK', '0.3.1', '0.4.0'],
    ['GC', '1.0.0', '1.1.0'],
    ['STATUS', '0.4.0', '1.1.0'],
  ])('%s is too new for %s, but not for %s', (command, tooOld, since) => {
    expect(() => requireSupportedVersion(tooOld, command)).toThrow(
      expect.objectContaining({ code: 1, message: `config version does not allow ${command}` }),
    )
    expect(requireSupportedVersion(since, command)).toBe(since)
  })

  it.each([[1], [0], [false], [[]]])('cannot decode %j, which is not a string', (version) => {
    expect(() => requireSupportedVersion(version, 'ADD')).toThrow(
      expect.objectContaining({ code: 6 }),
    )
  })

  it.each([
    ['latest', 'failed to convert major version part "latest": it must be a number'],
    ['1..0', 'failed to convert minor version part "": it must be a number'],
    ['1.0.0-rc1', 'failed to convert micro version part "0-rc1": it must be a number'],
    ['1.2.3.4', 'invalid version "1.2.3.4": too many parts'],
  ])('cannot compare %j with the version in which a command came to be', (version, message) => {
    for (const command of ['CHECK', 'GC', 'STATUS'])
      expect(() => requireSupportedVersion(version, command)).toThrow(
        expect.objectContaining({ code: 6, message }),
      )
  })
})
