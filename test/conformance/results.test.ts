import { describe, expect, it } from 'vitest'
import { readConfiguration } from '../../src/cni/configuration.js'
import { decodeResult, encodeResult } from '../../src/cni/result.js'
import type { Result } from '../../src/cni/result-schema.js'
import { expectValidResult, faultsOf, VERSIONS } from '../support/result-specification.js'

/** As of the case in the CNI library. The library's own decoder and converters are not ours. */
describe('40. results, by our pure functions:', () => {
  const routes4 = { dst: '15.5.6.0/24', gw: '15.5.6.8', mtu: 1500, table: 100, scope: 253 }
  const full: Result = {
    cniVersion: '1.1.0',
    interfaces: [
      {
        ...{ name: 'eth0', mac: '00:11:22:33:44:55', mtu: 1500, sandbox: '/proc/3553/ns/net' },
        ...{ socketPath: '/path/to/vhost/fd', pciID: '8086:9a01' },
      },
    ],
    ips: [
      { interface: 0, address: '1.2.3.30/24', gateway: '1.2.3.1' },
      { interface: 0, address: 'abcd:1234:ffff::cdde/64', gateway: 'abcd:1234:ffff::1' },
    ],
    routes: [routes4, { dst: '1111:dddd::/80', gw: '1111:dddd::aaaa', priority: 5 }],
    dns: { nameservers: ['1.2.3.4', '1::cafe'], domain: 'acompany.com' },
  }

  it('a full one of 1.1.0 is one of 0.1.0', () => {
    const document = encodeResult(decodeResult(full, '1.1.0'), '0.1.0')
    expect(document).toEqual({
      cniVersion: '0.1.0',
      ip4: {
        ...{ ip: '1.2.3.30/24', gateway: '1.2.3.1' },
        routes: [{ dst: '15.5.6.0/24', gw: '15.5.6.8' }],
      },
      ip6: {
        ...{ ip: 'abcd:1234:ffff::cdde/64', gateway: 'abcd:1234:ffff::1' },
        routes: [{ dst: '1111:dddd::/80', gw: '1111:dddd::aaaa' }],
      },
      dns: full.dns,
    })
    expectValidResult(document)
  })

  it('a full one of 1.1.0 is one of 0.4.0', () => {
    const document = encodeResult(decodeResult(full, '1.1.0'), '0.4.0')
    expect(document).toEqual({
      ...full,
      cniVersion: '0.4.0',
      interfaces: [{ name: 'eth0', mac: '00:11:22:33:44:55', sandbox: '/proc/3553/ns/net' }],
      ips: [
        { version: '4', ...full.ips?.[0] },
        { version: '6', ...full.ips?.[1] },
      ],
    })
    expectValidResult(document)
  })

  it('of 0.2.0 to 0.4.0 and back to 0.2.0 nothing is lost', () => {
    const old = {
      cniVersion: '0.2.0',
      ip4: { ip: '1.2.3.30/24', gateway: '1.2.3.1', routes: [{ dst: '15.5.6.0/24' }] },
      ip6: { ip: 'abcd::cdde/64', routes: [{ dst: '1111:dddd::/80', gw: 'abcd::1' }] },
      dns: { nameservers: ['1.2.3.4'] },
    }
    expectValidResult(old)
    const newer = encodeResult(decodeResult(old, '0.2.0'), '0.4.0')
    expectValidResult(newer)
    expect(encodeResult(decodeResult(newer as Result, '0.4.0'), '0.2.0')).toEqual(old)
  })

  it('no addresses have no form in 0.1.0', () => {
    const { ips, ...bare } = full
    expect(() => encodeResult(bare, '0.1.0')).toThrow('cannot convert: no valid IP addresses')
  })

  it('an address that is a number fails decoding', () => {
    const prevResult = { ips: [{ address: 5 }] }
    expect(() => readConfiguration({ name: 'n', prevResult })).toThrow(
      expect.objectContaining({
        code: 7,
        message: expect.stringContaining('"prevResult" cannot be {"ips":[{"address":5}]}'),
      }),
    )
  })

  it.each([
    [{ ips: [{ address: '1.2.3.4/99' }] }, 'invalid CIDR address: 1.2.3.4/99'],
    [{ ips: [{ address: '1.2.3.4/8', gateway: '1.2.3.x' }] }, 'invalid IP address: 1.2.3.x'],
    [{ routes: [{ dst: '1.2.3.4' }] }, 'invalid CIDR address: 1.2.3.4'],
    [{ routes: [{ dst: '::/0', gw: '::x' }] }, 'invalid IP address: ::x'],
    [{ cniVersion: '0.4567.0' }, 'unsupported CNI result version "0.4567.0"'],
  ])('%j fails decoding', (result, message) => {
    expect(() => decodeResult(result, '1.1.0')).toThrow(
      expect.objectContaining({ code: 6, message }),
    )
  })
})

/** The measure itself must tell right from wrong. */
describe('the specification of a result', () => {
  it('is there for each version the plugin has', () => {
    expect(VERSIONS).toEqual(['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'])
  })

  it.each([
    ['no version', {}],
    ['a version nobody has', { cniVersion: '2.0.0' }],
    ['an unknown key', { cniVersion: '1.1.0', x: 1 }],
    ['an old result without an address', { cniVersion: '0.2.0' }],
    ['IPv6 as IPv4', { cniVersion: '0.1.0', ip4: { ip: '2001:db8::1/64' } }],
    [
      'a new key in an old route',
      { cniVersion: '0.1.0', ip4: { ip: '1.2.3.4/8', routes: [{ dst: '0.0.0.0/0', table: 5 }] } },
    ],
    ['a version too much', { cniVersion: '1.0.0', ips: [{ version: '4', address: '1.2.3.4/8' }] }],
    ['a version missing', { cniVersion: '0.4.0', ips: [{ address: '1.2.3.4/8' }] }],
    ['a wrong version', { cniVersion: '0.3.1', ips: [{ version: '4', address: '::1/8' }] }],
    ['an MTU before its time', { cniVersion: '1.0.0', interfaces: [{ name: 'a', mtu: 1500 }] }],
    ['no MAC', { cniVersion: '1.1.0', interfaces: [{ name: 'a', mac: '02:00' }] }],
    ['no prefix', { cniVersion: '1.1.0', ips: [{ address: '1.2.3.4' }] }],
    ['a long prefix', { cniVersion: '1.1.0', ips: [{ address: '1.2.3.4/33' }] }],
    ['a big octet', { cniVersion: '1.1.0', ips: [{ address: '1.2.3.256/24' }] }],
    [
      'an interface nobody lists',
      { cniVersion: '1.1.0', ips: [{ address: '1.2.3.4/8', interface: 0 }] },
    ],
    ['a route to nowhere', { cniVersion: '1.1.0', routes: [{ gw: '1.2.3.4' }] }],
  ])('refuses %s', (_, document) => {
    expect(faultsOf(document)).not.toEqual([])
  })
})
