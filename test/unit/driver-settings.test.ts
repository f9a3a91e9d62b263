import { describe, expect, it } from 'vitest'
import { encodeAttributes, u32 } from '../../src/kernel/netlink/attributes.js'
import { canBeRestored, driverDifference } from '../../src/kernel/netlink/driver-settings.js'

const settings = (kind: string, numbers: Record<number, number>) => ({
  kind,
  data: encodeAttributes(
    Object.entries(numbers).map(([type, value]) => u32(Number(type), value)),
  ).toString('hex'),
})

describe('the settings of a driver', () => {
  it('are sent back as far as they differ', () => {
    expect(
      driverDifference(
        settings('vxlan', { 1: 7, 5: 3, 8: 300 }),
        settings('vxlan', { 1: 7, 8: 77 }),
      ),
    ).toEqual(settings('vxlan', { 5: 3, 8: 300 }))
  })

  it('are zero where the driver reported none', () => {
    expect(
      driverDifference(settings('vxlan', { 1: 7 }), settings('vxlan', { 1: 7, 2: 99 })),
    ).toEqual(settings('vxlan', { 2: 0 }))
  })

  it('are those of the device alone: what a macvlan only reports does not count', () => {
    expect(
      driverDifference(settings('macvlan', { 1: 4, 8: 1000 }), settings('macvlan', { 1: 4, 8: 7 })),
    ).toBeUndefined()
  })

  it.each([
    ['vlan', false],
    ['gre', false],
    ['macvlan', true],
    ['ipvlan', true],
  ])('of %s can be given back: %s', (kind, isRestored) => {
    const difference = driverDifference(settings(kind, { 1: 1 }), settings(kind, { 1: 2 }))
    expect(difference && canBeRestored(difference)).toBe(isRestored)
  })

  it('are compared of one kind only', () => {
    expect(driverDifference(settings('vlan', { 1: 1 }), settings('gre', { 1: 2 }))).toBeUndefined()
    expect(driverDifference(undefined, settings('gre', { 1: 2 }))).toBeUndefined()
  })
})
