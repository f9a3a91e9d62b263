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

  it('cannot decode a version that is not a string', () => {
    expect(() => requireSupportedVersion(1, 'ADD')).toThrow(expect.objectContaining({ code: 6 }))
  })
})
