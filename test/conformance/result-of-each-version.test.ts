import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BOTH_ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { expectValidResult, VERSIONS } from '../support/result-specification.js'
import { Testbed } from '../support/testbed.js'

const BY_FAMILY = ['0.1.0', '0.2.0']
const WITH_ADDRESS_VERSION = ['0.3.0', '0.3.1', '0.4.0']

/** What a bridge plugin reports, and somebody of whom only that somebody knows. */
function resultOfBridge(cniVersion: string, sandbox: string): Record<string, unknown> {
  const dns = { nameservers: ['10.22.0.1'], search: ['example.org'] }
  if (BY_FAMILY.includes(cniVersion))
    return {
      cniVersion,
      ip4: { ip: '10.22.0.2/16', gateway: '10.22.0.1', routes: [{ dst: '0.0.0.0/0' }] },
      ip6: { ip: 'fd00:22::2/64' },
      dns,
    }
  const version = (text: string) =>
    WITH_ADDRESS_VERSION.includes(cniVersion) ? { version: text } : {}
  return {
    cniVersion,
    interfaces: [
      { name: 'bridge0', mac: '02:00:00:00:00:01' },
      { name: 'veth1234', mac: '02:00:00:00:00:02' },
      { name: 'eth0', mac: '02:00:00:00:00:03', sandbox },
    ],
    ips: [
      { ...version('4'), address: '10.22.0.2/16', gateway: '10.22.0.1', interface: 2 },
      { ...version('6'), address: 'fd00:22::2/64', interface: 2 },
    ],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '10.0.0.0/8', gw: '10.22.0.1' }],
    dns,
  }
}

describe.each(BOTH_ARTEFACTS)('the result of $artefact', ({ path }) => {
  let testbed: Testbed
  const add = (configuration: Record<string, unknown>) => {
    const { exitCode, stdout, document } = callPlugin(testbed, path, 'ADD', { configuration })
    expect(exitCode, stdout).toBe(0)
    expect(callPlugin(testbed, path, 'DEL', { configuration })).toMatchObject({
      exitCode: 0,
      stdout: '',
    })
    return document
  }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    testbed.onHost('route add 192.0.2.0/24 dev eth1 scope link table 1000 metric 7 mtu 1400')
    testbed.onHost('route add 2001:db8:1::/48 via 2001:db8::1 metric 50')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each(VERSIONS)('is one of %s', (cniVersion) => {
    const document = add({ cniVersion })
    expectValidResult(document)
    expect(document.cniVersion).toBe(cniVersion)
    const addresses = BY_FAMILY.includes(cniVersion)
      ? [document.ip4.ip, document.ip6.ip]
      : document.ips.map(({ address }: { address: string }) => address)
    expect(addresses).toEqual(['198.51.100.5/24', '2001:db8::5/64'])
    const routes = BY_FAMILY.includes(cniVersion)
      ? [...document.ip4.routes, ...document.ip6.routes]
      : document.routes
    expect(routes).toHaveLength(3)
  })

  it.each(VERSIONS)('is one of %s, after a bridge of that version', (cniVersion) => {
    const prevResult = resultOfBridge(cniVersion, testbed.sandboxPath)
    expectValidResult(prevResult)
    const document = add({ cniVersion, prevResult })
    expectValidResult(document)
    expect(document.dns).toEqual(prevResult.dns)
    if (BY_FAMILY.includes(cniVersion)) {
      expect(document.ip4).toMatchObject({ ip: '10.22.0.2/16', gateway: '10.22.0.1' })
      expect(document.ip6.ip).toBe('fd00:22::2/64')
      return
    }
    expect(document.interfaces.slice(0, 3)).toEqual(prevResult.interfaces)
    expect(document.ips.slice(0, 2)).toEqual(prevResult.ips)
    expect(document.routes.slice(0, 2)).toEqual(prevResult.routes)
    expect(document.interfaces[3]).toMatchObject({ name: 'net1', sandbox: testbed.sandboxPath })
    expect(document.ips.slice(2)).toEqual([
      expect.objectContaining({ address: '198.51.100.5/24', interface: 3 }),
      expect.objectContaining({ address: '2001:db8::5/64', interface: 3 }),
    ])
  })

  it.each(VERSIONS)('of %s keeps what it does not know', (cniVersion) => {
    const unknown = { 'example.org/marks': { list: [1, null, 'ä'] }, extra: false }
    const prevResult = { ...resultOfBridge(cniVersion, testbed.sandboxPath), ...unknown }
    const { 'example.org/marks': marks, extra, ...known } = add({ cniVersion, prevResult })
    expect({ 'example.org/marks': marks, extra }).toEqual(unknown)
    expectValidResult(known)
  })

  it.each(VERSIONS)('of %s may follow one without a version of its own', (cniVersion) => {
    const { cniVersion: _, ...prevResult } = resultOfBridge(cniVersion, testbed.sandboxPath)
    const document = add({ cniVersion, prevResult })
    expectValidResult(document)
    expect(JSON.stringify(document)).toContain('10.22.0.2/16')
  })

  it.each(['0.1.0', '0.2.0'])('of %s needs an address; the device stays', (cniVersion) => {
    const before = testbed.hostState()
    const { exitCode, document } = callPlugin(testbed, path, 'ADD', {
      configuration: { cniVersion, useInterfaceNetwork: false },
    })
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({
      cniVersion,
      code: 7,
      msg: 'cannot convert: no valid IP addresses',
    })
    expect(testbed.hostState()).toBe(before)
  })
})
