import { describe, expect, it } from 'vitest'
import type { LentDevice } from '../../src/device/lent-device-schema.js'
import {
  answersOfKeys,
  type DeviceSelector,
  pciAddressOf,
  selects,
  selectsHardware,
} from '../../src/device/selector.js'

const BRIDGE = '0000:00:01.0'
const FUNCTION = '0000:01:00.0'
const ABOVE = `/sys/devices/pci0000:00/${BRIDGE}`
const MAC = '02:00:00:00:00:01'
const PERMANENT = '02:00:00:00:00:02'

/** A lent device that hangs on what is at a path of sysfs, by a parent of that bus. */
function lentAt(sysfsPath: string | undefined, bus = 'pci'): LentDevice {
  const parent = sysfsPath?.split('/').at(-1)
  const onHost = {
    ...{ name: 'p0', alternativeNames: ['port0'], index: 4, hardwareAddress: MAC },
    ...(parent === undefined ? {} : { parentDevice: `${bus}/${parent}` }),
    permanentAddress: PERMANENT,
  } as unknown as LentDevice['onHost']
  return { onHost, nameInSandbox: 'net1', ...(sysfsPath === undefined ? {} : { sysfsPath }) }
}

const NIC = lentAt(`${ABOVE}/${FUNCTION}`)
const VIRTIO = lentAt(`/sys/devices/pci0000:00/${FUNCTION}/virtio3`, 'virtio')
const SUBFUNCTION = lentAt(`${ABOVE}/${FUNCTION}/mlx5_core.sf.4`, 'auxiliary')
const USB = lentAt(`${ABOVE}/${FUNCTION}/usb2/2-1/2-1:1.0`, 'usb')
const VIRTUAL = lentAt(undefined)

describe('a lent device is selected', () => {
  it.each<[string, DeviceSelector, LentDevice]>([
    ['its name', { device: 'p0' }, NIC],
    ['another name of it', { device: 'port0' }, NIC],
    ['its MAC', { hwaddr: MAC }, NIC],
    ['its PCI address', { pciBusID: FUNCTION }, NIC],
    ['its path', { kernelpath: `${ABOVE}/${FUNCTION}/` }, NIC],
    ['all keys', { device: 'p0', hwaddr: MAC, pciBusID: FUNCTION, deviceID: FUNCTION }, NIC],
    ['the PCI address of virtio', { pciBusID: FUNCTION }, VIRTIO],
    ['the path of virtio', { kernelpath: `/sys/devices/pci0000:00/${FUNCTION}` }, VIRTIO],
    ['the longer path of virtio', { kernelpath: VIRTIO.sysfsPath ?? '' }, VIRTIO],
    ['its auxiliary device', { deviceID: 'mlx5_core.sf.4' }, SUBFUNCTION],
  ])('by %s', (_, selector, lent) => {
    expect(selects(selector, lent)).toBe(true)
  })

  it.each<[string, DeviceSelector, LentDevice]>([
    ['no key', {}, NIC],
    ['the name of the other port of its function', { device: 'p1', pciBusID: FUNCTION }, NIC],
    ['its name and the MAC of another', { device: 'p0', hwaddr: PERMANENT }, NIC],
    ['a bridge above it', { pciBusID: BRIDGE }, NIC],
    ['the path of a bridge above it', { kernelpath: ABOVE }, NIC],
    ['the function of a subfunction', { deviceID: FUNCTION }, SUBFUNCTION],
    ['the path of that', { kernelpath: `${ABOVE}/${FUNCTION}` }, SUBFUNCTION],
    ['the controller of a USB NIC', { pciBusID: FUNCTION }, USB],
    ['a place on a bus, where it has none', { device: 'p0', pciBusID: FUNCTION }, VIRTUAL],
  ])('but not by %s', (_, selector, lent) => {
    expect(selects(selector, lent)).toBe(false)
  })

  it('in part, if one key agrees', () => {
    expect(answersOfKeys({ device: 'p1', pciBusID: FUNCTION }, NIC)).toContain(true)
    expect(answersOfKeys({ device: 'p1', pciBusID: BRIDGE }, NIC)).not.toContain(true)
    expect(answersOfKeys({}, NIC)).not.toContain(true)
  })
})

describe('the hardware of a device', () => {
  it.each<[string, boolean, DeviceSelector, LentDevice]>([
    [
      'is selected by its place, whatever name it has',
      true,
      { device: 'x', pciBusID: FUNCTION },
      NIC,
    ],
    [
      'is selected by its place, whatever MAC it has',
      true,
      { hwaddr: 'x', pciBusID: FUNCTION },
      NIC,
    ],
    ['is selected by its permanent MAC', true, { hwaddr: PERMANENT }, NIC],
    ['is not selected by the MAC it has now', false, { hwaddr: MAC }, NIC],
    ['is not selected by its name', false, { device: 'p0' }, NIC],
    [
      'is not selected by the function of a subfunction',
      false,
      { pciBusID: FUNCTION },
      SUBFUNCTION,
    ],
    [
      'is not selected by a place beside its MAC',
      false,
      { hwaddr: PERMANENT, pciBusID: BRIDGE },
      NIC,
    ],
    ['is none, where it hangs on no bus', false, { hwaddr: PERMANENT }, VIRTUAL],
  ])('%s', (_, expected, selector, lent) => {
    expect(selectsHardware(selector, lent)).toBe(expected)
  })
})

it('the PCI address of a device is that of a function of its own', () => {
  expect([NIC, VIRTIO, SUBFUNCTION, USB, VIRTUAL].map((lent) => pciAddressOf({}, lent))).toEqual([
    FUNCTION,
    FUNCTION,
    undefined,
    undefined,
    undefined,
  ])
})
