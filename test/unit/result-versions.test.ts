import { describe, expect, it } from 'vitest'
import { decodeResult, encodeResult } from '../../src/cni/result.js'
import type { Result } from '../../src/cni/result-schema.js'

const MODERN: Result = {
  interfaces: [{ name: 'net1', mac: '02:00:00:00:00:01', mtu: 1500, sandbox: '/run/netns/pod' }],
  ips: [
    { address: '198.51.100.5/24', gateway: '198.51.100.1', interface: 0 },
    { address: '198.51.100.6/24', interface: 0 },
    { address: '2001:db8::5/64', interface: 0 },
  ],
  routes: [{ dst: '0.0.0.0/0', gw: '198.51.100.1', table: 254 }, { dst: '2001:db8:1::/48' }],
  dns: { nameservers: ['198.51.100.53'] },
}

describe('a result in every version', () => {
  it.each(['1.0.0', '1.1.0'] as const)('%s has it as it is', (version) => {
    expect(encodeResult(MODERN, version)).toEqual({ cniVersion: version, ...MODERN })
  })

  it.each(['0.3.0', '0.3.1', '0.4.0'] as const)('%s names the IP version', (version) => {
    const { interfaces, ips = [], ...rest } = MODERN
    expect(encodeResult(MODERN, version)).toEqual({
      cniVersion: version,
      interfaces: [{ name: 'net1', mac: '02:00:00:00:00:01', sandbox: '/run/netns/pod' }],
      ips: ips.map((ip, n) => ({ version: n < 2 ? '4' : '6', ...ip })),
      ...rest,
    })
  })

  it.each(['0.1.0', '0.2.0'] as const)('%s has one address of each family', (version) => {
    expect(encodeResult(MODERN, version)).toEqual({
      cniVersion: version,
      ip4: {
        ip: '198.51.100.5/24',
        gateway: '198.51.100.1',
        routes: [{ dst: '0.0.0.0/0', gw: '198.51.100.1' }],
      },
      ip6: { ip: '2001:db8::5/64', routes: [{ dst: '2001:db8:1::/48' }] },
      dns: MODERN.dns,
    })
  })

  it('the oldest have no form for a device without addresses', () => {
    expect(() => encodeResult({ interfaces: [{ name: 'net1' }] }, '0.2.0')).toThrow(
      'cannot convert: no valid IP addresses',
    )
  })

  it('keeps fields it does not know', () => {
    const unknown = { ...MODERN, 'example.org/extra': [1] }
    for (const version of ['0.2.0', '0.4.0', '1.1.0'] as const)
      expect(encodeResult(unknown, version)).toMatchObject({ 'example.org/extra': [1] })
  })
})

describe('a result of an earlier plugin', () => {
  it('goes from 0.2.0 to 0.4.0 and back unchanged', () => {
    const oldest = {
      cniVersion: '0.2.0',
      ip4: {
        ip: '1.2.3.30/24',
        gateway: '1.2.3.1',
        routes: [{ dst: '15.5.6.0/24', gw: '15.5.6.8' }],
      },
      ip6: { ip: 'abcd:1234:ffff::cdde/64', routes: [{ dst: '1111:dddd::/80' }] },
      dns: { domain: 'example.org' },
    }
    const newer = encodeResult(decodeResult(oldest, '0.2.0'), '0.4.0') as Result
    expect(newer.ips).toEqual([
      { version: '4', address: '1.2.3.30/24', gateway: '1.2.3.1' },
      { version: '6', address: 'abcd:1234:ffff::cdde/64' },
    ])
    expect(encodeResult(decodeResult(newer, '0.4.0'), '0.2.0')).toEqual(oldest)
  })

  it('is of the version it names, else of the one assumed', () => {
    const ips = [{ version: '4', address: '10.0.0.1/8' }]
    expect(decodeResult({ ips }, '0.4.0').ips).toEqual([{ address: '10.0.0.1/8' }])
    expect(() => decodeResult({ cniVersion: '0.4567.0' }, '1.0.0')).toThrow(
      expect.objectContaining({
        code: 6,
        message: 'unsupported CNI result version "0.4567.0"',
      }),
    )
  })

  it.each([
    [{ ips: [{ address: '1.2.3.4/99' }] }, 'invalid CIDR address: 1.2.3.4/99'],
    [{ ips: [{ address: '1.2.3.4' }] }, 'invalid CIDR address: 1.2.3.4'],
    [{ ips: [{ address: '1.2.3.4/24/24' }] }, 'invalid CIDR address: 1.2.3.4/24/24'],
    [{ ips: [{ address: '::1/129' }] }, 'invalid CIDR address: ::1/129'],
    [{ ips: [{ address: '1.2.3.4/8', gateway: '1.2.3.x' }] }, 'invalid IP address: 1.2.3.x'],
    [{ routes: [{ dst: 'default' }] }, 'invalid CIDR address: default'],
    [{ routes: [{ dst: '0.0.0.0/0', gw: 'x' }] }, 'invalid IP address: x'],
    [{ cniVersion: '0.2.0', ip4: { ip: '1.2.3.4/33' } }, 'invalid CIDR address: 1.2.3.4/33'],
  ])('%j is refused', (result, message) => {
    expect(() => decodeResult(result, '1.0.0')).toThrow(
      expect.objectContaining({ code: 6, message }),
    )
  })
})
