import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressBytes, addressText, prefixCovers } from '../../src/kernel/ip-address.js'

describe('an IP address', () => {
  it('is the same after it was text', () => {
    const address = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    fc.assert(
      fc.property(address, (bytes) => {
        expect([...addressBytes(addressText(Buffer.from(bytes)))]).toEqual([...bytes])
      }),
    )
  })

  it.each(['', '198.51.100', '198.51.100.256', '2001:db8::g', '198.51.100.5/24', 'x'.repeat(200)])(
    '%j is none',
    (text) => {
      expect(() => addressBytes(text)).toThrow(TypeError)
    },
  )

  it.each([
    ['198.51.100.0/24', '198.51.100.5', true],
    ['198.51.100.0/24', '198.51.101.5', false],
    ['198.51.100.128/25', '198.51.100.127', false],
    ['198.51.100.128/25', '198.51.100.128', true],
    ['198.51.100.5/32', '198.51.100.5', true],
    ['198.51.100.5/32', '198.51.100.4', false],
    ['0.0.0.0/0', '198.51.100.5', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['fe80::/10', 'febf::1', true],
    ['fe80::/10', 'fec0::1', false],
  ])('%s covers %s: %s', (prefix, address, covers) => {
    expect(prefixCovers(prefix, address)).toBe(covers)
  })
})
