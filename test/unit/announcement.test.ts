import { describe, expect, it } from 'vitest'
import { announcementOf } from '../../src/kernel/announcement.js'

const MAC = Buffer.from('020000000001', 'hex')

describe('the frame that announces an address', () => {
  it('of IPv4 is a gratuitous ARP request', () => {
    expect(announcementOf(MAC, Buffer.from([198, 51, 100, 5])).toString('hex')).toBe(
      'ffffffffffff020000000001' + // to everybody
        '0806' +
        '0001080006040001' + // a request between Ethernet and IPv4
        '020000000001c6336405' +
        '000000000000c6336405',
    )
  })

  it('of IPv6 is an unsolicited neighbour advertisement that overrides', () => {
    const address = '20010db8000000000000000000000005'
    expect(announcementOf(MAC, Buffer.from(address, 'hex')).toString('hex')).toBe(
      '333300000001020000000001' + // to all nodes
        '86dd' +
        `6000000000203aff${address}ff020000000000000000000000000001` +
        `8800${checksumOf(address)}20000000${address}0201020000000001`,
    )
  })
})

/** RFC 4443, section 2.3: the sum of pseudo-header and message, added up as decimal words by hand. */
function checksumOf(address: string): string {
  const group = 'ff020000000000000000000000000001'
  const text = `${address}${group}000000200000003a8800000020000000${address}0201020000000001`
  const words = text.match(/.{4}/g) ?? []
  let sum = 0
  for (const word of words) {
    sum += Number.parseInt(word, 16)
    if (sum >= 0x10000) sum -= 0xffff
  }
  return (0xffff - sum).toString(16).padStart(4, '0')
}
