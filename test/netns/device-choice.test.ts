import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { PCI, TWO_PORTS_PCI, USERSPACE_PCI, withOwnBuses } from '../support/own-buses.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('$artefact chooses the device', ({ path }) => {
  let testbed: Testbed
  let mac: string
  const add = (keys: object) =>
    callPlugin(testbed, path, 'ADD', {
      configuration: { device: undefined, ...keys },
      ...withOwnBuses,
    })

  beforeEach(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
    mac = JSON.parse(testbed.onHost('-json link show dev eth1'))[0].address
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each([
    ['its MAC address', () => ({ hwaddr: mac })],
    [
      'its MAC address in capitals and with dashes',
      () => ({ hwaddr: mac.toUpperCase().replaceAll(':', '-') }),
    ],
    ['its path in sysfs', () => ({ kernelpath: '/sys/devices/virtual/nic' })],
    ['its PCI address', () => ({ pciBusID: PCI })],
    ['the PCI address of a virtio NIC', () => ({ pciBusID: '0000:ff:1f.6' })],
    ['a device id of a PCI device', () => ({ runtimeConfig: { deviceID: PCI } })],
    [
      'a device id of an auxiliary device',
      () => ({ runtimeConfig: { deviceID: 'mlx5_core.sf.4' } }),
    ],
    ['its name, of two on one PCI device', () => ({ device: 'eth1', pciBusID: TWO_PORTS_PCI })],
    ['keys that agree', () => ({ device: 'eth1', hwaddr: mac, pciBusID: PCI })],
    ['the key that is not empty', () => ({ device: 'eth1', hwaddr: '', pciBusID: '' })],
  ])('by %s', (_, keys) => {
    const { exitCode, stdout, document } = add(keys())
    expect(exitCode, stdout).toBe(0)
    expect(document.interfaces[0]).toMatchObject({ name: 'net1', mac })
    const [, pciID] = /"(0000:.*?)"/.exec(JSON.stringify(keys())) ?? []
    expect(document.interfaces[0].pciID).toBe(pciID)
    expect(testbed.onHost('link')).not.toContain('eth1')
    expect(
      callPlugin(testbed, path, 'DEL', { configuration: { device: undefined } }).exitCode,
    ).toBe(0)
    expect(testbed.onHost('link')).toContain('eth1')
  })

  it('and not one that took its MAC address from it', () => {
    testbed.onHost('link add link eth1 name copy address 02:00:00:00:00:77 type macvlan')
    testbed.onHost(`link add bridge0 address ${mac} type bridge`)
    testbed.onHost('link set eth2 address 02:00:00:00:00:77')
    expect(add({ hwaddr: '02:00:00:00:00:77' }).exitCode).toBe(0)
    expect(testbed.onHost('link')).not.toContain('eth2@')
    expect(testbed.onHost('link')).toContain('copy@')
  })

  it.each([
    ['a bridge it is a port of', ['link add upper type bridge', 'link set veth1 master upper']],
    ['a macvlan on it', ['link add upper link veth1 address 02:00:00:00:00:77 type macvlan']],
  ])('by its MAC address and not %s, though its peer is on the host, too', (_, preparation) => {
    testbed.onHost('link add veth1 address 02:00:00:00:00:77 type veth peer name veth2')
    for (const command of preparation) testbed.onHost(command)
    expect(testbed.onHost('link show upper')).toContain('02:00:00:00:00:77')
    const configuration = { device: undefined, hwaddr: '02:00:00:00:00:77' }
    expect(callPlugin(testbed, path, 'ADD', { configuration }).document).toMatchObject({
      code: 104,
      msg: 'cannot lend veth1: upper on the host depends on it',
    })
    const { exitCode, stdout } = add({ hwaddr: '02:00:00:00:00:77', force: true })
    expect(exitCode, stdout).toBe(0)
    expect(testbed.onHost('link')).not.toContain('veth1@veth2')
    expect(testbed.onHost('link')).toContain('upper')
  })

  it('of several with one MAC address: none, unless "device" says which', () => {
    testbed.onHost(`link set eth2 address ${mac}`)
    const before = testbed.hostState()
    expect(add({ hwaddr: mac }).document).toMatchObject({
      code: 7,
      msg: `failed to find host device: MAC address ${mac} has several network devices: eth1, eth2; "device" beside it says which`,
    })
    expect(testbed.hostState()).toBe(before)
    expect(add({ hwaddr: mac, device: 'eth2' }).exitCode).toBe(0)
    expect(testbed.onHost('link')).not.toContain('eth2@')
  })

  it('by the MAC address of a pair of devices: the upper one, whichever is older', () => {
    testbed.onHost(`link set eth2 address ${mac}`)
    const beneath = 'mkdir -p /sys/class/net/eth1/upper_eth2'
    const { exitCode, stdout } = callPlugin(testbed, path, 'ADD', {
      configuration: { device: undefined, hwaddr: mac, useInterfaceNetwork: false },
      wrapper: [
        ...['sh', '-c'],
        `mount -t tmpfs classes /sys/class && ${beneath} && exec "$@"`,
        'sh',
      ],
    })
    expect(exitCode, stdout).toBe(0)
    expect(testbed.onHost('link')).toContain('eth1@')
    expect(testbed.onHost('link')).not.toContain('eth2@')
  })

  it.each([
    ['a MAC address that is none', { hwaddr: 'zz' }, 7, 'failed to parse MAC address "zz"'],
    [
      'a MAC address nobody has',
      { hwaddr: '02:00:00:00:00:01' },
      100,
      'failed to find physical interface',
    ],
    [
      'a path elsewhere',
      { kernelpath: '/foo' },
      7,
      'must be absolute and begin with /sys/devices/',
    ],
    [
      'a path that climbs out',
      { kernelpath: '/sys/devices/../x' },
      7,
      'must be absolute and begin',
    ],
    [
      'a PCI device that is not there',
      { pciBusID: '0000:ff:00.0' },
      100,
      'no net directory under pci device 0000:ff:00.0',
    ],
    [
      'a PCI device without a network device',
      { pciBusID: '0000:ff:1f.5' },
      100,
      'no net directory',
    ],
    [
      'a network device and a PCI device of a userspace driver',
      { device: 'eth1', pciBusID: USERSPACE_PCI },
      104,
      'it is bound to vfio-pci',
    ],
    [
      'a PCI device with two network devices',
      { pciBusID: TWO_PORTS_PCI },
      7,
      `pci device ${TWO_PORTS_PCI} has several network devices: eth1, eth2; "device" beside it says which`,
    ],
    [
      'a device id of nothing',
      { runtimeConfig: { deviceID: 'x.1' } },
      100,
      'runtime config DeviceID x.1 not found or unsupported',
    ],
    [
      'keys that disagree',
      { device: 'eth2', pciBusID: PCI },
      7,
      '"device" means eth2, but "pciBusID" means eth1',
    ],
    ['no key at all', {}, 7, 'specify either "device", "hwaddr", "kernelpath" or "pciBusID"'],
  ])('not by %s', (_, keys, code, message) => {
    const before = testbed.hostState()
    const { exitCode, document } = add(keys)
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({ code, msg: expect.stringContaining(message) })
    expect(testbed.hostState()).toBe(before)
  })
})
