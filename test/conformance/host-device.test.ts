import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BOTH_ARTEFACTS } from '../support/artefacts.js'
import { withBuses } from '../support/buses.js'
import { installFixedIpam, pluginDirectory, STOCK_DIRECTORY } from '../support/other-plugins.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { expectValidResult } from '../support/result-specification.js'
import { Testbed } from '../support/testbed.js'

const VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']
const SINCE_CHECK = ['0.4.0', '1.0.0', '1.1.0']

const CALLS = BOTH_ARTEFACTS.flatMap((artefact) =>
  VERSIONS.map((cniVersion) => ({ ...artefact, cniVersion })),
)

/** The cases of host-device's own tests, each in every version it has them for, and in 1.1.0. */
describe.each(CALLS)('$artefact, in $cniVersion', ({ path, cniVersion }) => {
  let testbed: Testbed
  let mac: string
  let fixedIpam: { ipam: object; path: string }

  const call = (command: string, { configuration, ...options }: CallOptions = {}) =>
    callPlugin(testbed, path, command, {
      ...options,
      configuration: { cniVersion, ...configuration },
      variables: { CNI_IFNAME: 'eth0', CNI_PATH: fixedIpam.path, ...options.variables },
    })

  /** A call that must succeed: with a valid result of ADD, and with nothing of any other. */
  function succeed(command: string, options: CallOptions = {}) {
    const { exitCode, stdout, document } = call(command, options)
    expect(exitCode, stdout).toBe(0)
    if (command === 'ADD') expectValidResult(document)
    else expect(stdout).toBe('')
    return document
  }

  function podLink(name: string) {
    const [link] = JSON.parse(testbed.inPod(`-json link show dev ${name}`))
    return { mac: link.address, up: link.flags.includes('UP') }
  }

  const mtu = cniVersion === '1.1.0' ? { mtu: 1500 } : {}

  beforeEach(() => {
    testbed = new Testbed()
    mac = JSON.parse(testbed.onHost('-json link show dev eth1'))[0].address
    const ip = { address: '10.10.0.1/24', gateway: '10.10.0.254' }
    installFixedIpam(testbed, 'fixed-ipam', { cniVersion: '1.1.0', ips: [ip] })
    // Debian's stock plugins end at 1.0.0.
    fixedIpam =
      cniVersion === '1.1.0'
        ? { ipam: { type: 'fixed-ipam' }, path: pluginDirectory(testbed) }
        : { ipam: { type: 'static', addresses: [ip] }, path: STOCK_DIRECTORY }
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('22. ADD moves the device, and DEL returns it under its name', () => {
    const { cniVersion: version, ...document } = succeed('ADD')
    expect(version).toBe(cniVersion)
    expect(document).toEqual({
      interfaces: [{ name: 'eth0', mac, ...mtu, sandbox: testbed.sandboxPath }],
    })
    expect(podLink('eth0')).toEqual({ mac, up: true })
    expect(testbed.onHost('link')).not.toContain('eth1')
    succeed('DEL')
    expect(testbed.onHost('link show dev eth1')).toContain(mac)
    expect(testbed.inPod('link')).not.toContain('eth0')
  })

  it('23. DEL fails while the name is taken on the host, and the device stays as it is', () => {
    succeed('ADD')
    testbed.onHost('link add eth1 type ifb')
    const { exitCode, document } = call('DEL')
    expect(exitCode).toBe(1)
    expect(document).toEqual({
      ...{ cniVersion, code: 103 },
      msg: `cannot return eth0 in sandbox ${testbed.sandboxPath} to the host as eth1: the host has another device of that name`,
      details: `the device is in sandbox ${testbed.sandboxPath} as eth0; a later DEL tries again`,
    })
    expect(podLink('eth0')).toEqual({ mac, up: true })
    testbed.onHost('link delete eth1')
    succeed('DEL')
    expect(testbed.onHost('link show dev eth1')).toContain(mac)
  })

  it('24. a device named as one in the container is lent under another name', () => {
    testbed.addDevice('eth0')
    testbed.inPod('link add eth0 type ifb')
    testbed.inPod('link set eth0 up')
    const own = podLink('eth0')
    const options = { configuration: { device: 'eth0' }, variables: { CNI_IFNAME: 'net1' } }
    const [lent] = succeed('ADD', options).interfaces
    expect(lent).toEqual({ name: 'net1', mac: lent.mac, ...mtu, sandbox: testbed.sandboxPath })
    expect(podLink('net1')).toEqual({ mac: lent.mac, up: true })
    expect(podLink('eth0')).toEqual(own)
    succeed('DEL', options)
    expect(testbed.onHost('link show dev eth0')).toContain(lent.mac)
    expect(podLink('eth0')).toEqual(own)
    expect(own.up).toBe(true)
  })

  it('24b. a name that is taken in the container leaves the device on the host', () => {
    testbed.inPod('link add eth0 type ifb')
    const before = testbed.onHost('-json -details link show dev eth1')
    const { exitCode, document } = call('ADD')
    expect(exitCode).toBe(1)
    expect(document).toEqual({
      ...{ cniVersion, code: 101 },
      msg: `cannot lend eth1 to sandbox ${testbed.sandboxPath} as eth0: the name eth0 is taken there (file exists)`,
      details: 'nothing was changed; the device is on the host with its addresses and routes',
    })
    const after = testbed.onHost('-json -details link show dev eth1')
    expect(JSON.parse(after)).toEqual(JSON.parse(before))
    expect(after).not.toContain('ifalias')
    expect(JSON.parse(after)[0].flags).toContain('UP')
  })

  it('25. IPAM assigns an address, and CHECK finds it', () => {
    const { ipam } = fixedIpam
    const prevResult = succeed('ADD', { configuration: { ipam } })
    expect(prevResult.ips).toEqual([
      {
        ...(cniVersion.startsWith('0.') ? { version: '4' } : {}),
        ...{ address: '10.10.0.1/24', gateway: '10.10.0.254', interface: 0 },
      },
    ])
    expect(testbed.inPod('address show dev eth0')).toContain('inet 10.10.0.1/24')
    if (SINCE_CHECK.includes(cniVersion)) succeed('CHECK', { configuration: { ipam, prevResult } })
    succeed('DEL', { configuration: { ipam, prevResult } })
    expect(testbed.onHost('address show dev eth1')).not.toContain('10.10.0.1')
  })

  it('26. a device that DPDK has is not moved; IPAM assigns an address for it', () => {
    const device = 'pci/devices/0000:ff:1f.4'
    const wrapper = withBuses([device], { [device]: 'vfio-pci' })
    const before = testbed.hostState()
    const keys = { device: undefined, pciBusID: '0000:ff:1f.4', ipam: fixedIpam.ipam }
    const prevResult = succeed('ADD', { configuration: keys, wrapper })
    const pciID = cniVersion === '1.1.0' ? { pciID: '0000:ff:1f.4' } : {}
    expect(prevResult.interfaces).toEqual([
      { name: 'eth0', sandbox: testbed.sandboxPath, ...pciID },
    ])
    expect(prevResult.ips).toHaveLength(1)
    expect(testbed.inPod('link')).not.toContain('eth0')
    const configuration = { ...keys, prevResult }
    if (SINCE_CHECK.includes(cniVersion)) succeed('CHECK', { configuration, wrapper })
    succeed('DEL', { configuration, wrapper })
    expect(testbed.hostState()).toBe(before)
  })

  it('27. an auxiliary device is found by the id that a device plugin gave', () => {
    const wrapper = withBuses(['auxiliary/devices/mlx5_core.sf.4/net/eth1'])
    const configuration = { device: undefined, runtimeConfig: { deviceID: 'mlx5_core.sf.4' } }
    const variables = { CNI_IFNAME: 'net1' }
    const { interfaces } = succeed('ADD', { configuration, variables, wrapper })
    expect(interfaces).toEqual([{ name: 'net1', mac, ...mtu, sandbox: testbed.sandboxPath }])
    expect(podLink('net1')).toEqual({ mac, up: true })
    succeed('DEL', { configuration, variables })
    expect(testbed.onHost('link show dev eth1')).toContain(mac)
  })

  it('28. a configuration that means no device is refused', () => {
    const before = testbed.hostState()
    const { exitCode, document } = call('ADD', { configuration: { device: undefined } })
    expect(exitCode).toBe(1)
    // The upstream plugin has no code of its own for it: 999.
    expect(document).toEqual({
      ...{ cniVersion, code: 7 },
      msg: 'specify either "device", "hwaddr", "kernelpath" or "pciBusID"',
      details: `nothing was changed; ADD was for eth0 in sandbox ${testbed.sandboxPath}`,
    })
    expect(testbed.hostState()).toBe(before)
  })

  it('29. STATUS of a good configuration says nothing (and is refused before 1.1.0)', () => {
    const { exitCode, stdout, document } = call('STATUS')
    if (cniVersion === '1.1.0') expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    else expect(document).toMatchObject({ code: 1, msg: 'config version does not allow STATUS' })
  })
})
