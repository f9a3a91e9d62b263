import { SocketAddress } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressBytes,
  addressBytesIn,
  addressText,
  prefixCovers,
} from '../../src/kernel/ip-address.js'

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

  it('has the text that other programs have for it', () => {
    // Zeros are what its text depends on.
    const word = fc.oneof(fc.constantFrom(0, 0, 0xffff), fc.nat({ max: 0xffff }))
    const words = fc.oneof(
      fc.array(word, { minLength: 8, maxLength: 8 }),
      fc.tuple(word, word, word).map((last) => [0, 0, 0, 0, 0, ...last]),
    )
    fc.assert(
      fc.property(words, (all) => {
        const whole = all.map((one) => one.toString(16)).join(':')
        const { address } = new SocketAddress({ address: whole, family: 'ipv6' })
        const bytes = Buffer.from(all.flatMap((one) => [one >> 8, one & 255]))
        expect(addressText(bytes)).toBe(address)
      }),
      { numRuns: 1000 },
    )
    expect(addressText(Buffer.from([198, 51, 100, 255]))).toBe('198.51.100.255')
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

it.each([
  ['inet', '::ffff:1.2.3.4'],
  ['inet', '2001:db8::1'],
  ['inet6', '1.2.3.4'],
] as const)('takes for the family %s no %s', (family, text) => {
  expect(() => addressBytesIn(family, text)).toThrow(TypeError)
  expect(addressBytesIn(family === 'inet' ? 'inet6' : 'inet', text)).toEqual(addressBytes(text))
})
