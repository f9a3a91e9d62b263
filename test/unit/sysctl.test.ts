import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { changedSysctls, sysctlsIn } from '../../src/kernel/link-settings.js'
import { pathOfSysctl, readAllSysctls, readSysctl } from '../../src/kernel/sysctl.js'

/** A run of numbers as the kernel reports it, each four times its place. */
const run = (count: number) =>
  Buffer.concat(
    [...Array(count).keys()].map((n) => {
      const bytes = Buffer.alloc(4)
      bytes.writeInt32LE(n * 4)
      return bytes
    }),
  ).toString('hex')

describe('a setting of a device', () => {
  it.each([
    ['net.ipv4.conf.rp_filter', 'eth1', '/proc/sys/net/ipv4/conf/eth1/rp_filter'],
    ['net.ipv6.neigh.retrans_time_ms', 'eth1', '/proc/sys/net/ipv6/neigh/eth1/retrans_time_ms'],
    ['net.ipv4.conf.rp_filter', 'eth1.100', '/proc/sys/net/ipv4/conf/eth1.100/rp_filter'],
  ])('%s of %s is the file %s', (name, device, path) => {
    expect(pathOfSysctl(name, device)).toBe(path)
  })

  it('is read without its line end', () => {
    const name = 'net.ipv4.conf.rp_filter'
    const text = readFileSync('/proc/sys/net/ipv4/conf/lo/rp_filter', 'utf8')
    expect(readSysctl(name, 'lo')).toEqual({ name, value: text.trimEnd() })
    expect(readAllSysctls('lo')).toContainEqual(readSysctl(name, 'lo'))
  })

  it('is an error where there is no such device', () => {
    expect(() => readSysctl('net.ipv4.conf.rp_filter', 'no-such-device')).toThrow('ENOENT')
    expect(readAllSysctls('no-such-device')).toEqual([])
  })
})

describe('the settings in one message', () => {
  const named = (settings: Parameters<typeof sysctlsIn>[0]) =>
    Object.fromEntries(sysctlsIn(settings).map(({ name, value }) => [name, value]))

  it('have their names by their places, of IPv4', () => {
    const settings = named({ ipv4: run(33) })
    expect(settings['net.ipv4.conf.forwarding']).toBe('0')
    expect(settings['net.ipv4.conf.proxy_arp']).toBe('8')
    expect(settings['net.ipv4.conf.rp_filter']).toBe('28')
    expect(settings['net.ipv4.conf.arp_evict_nocarrier']).toBe('128')
    expect(Object.keys(settings)).toHaveLength(32)
  })

  it('have their names by their places, of IPv6; some are reported in another unit', () => {
    const settings = named({ ipv6: run(60) })
    expect(settings['net.ipv6.conf.forwarding']).toBe('0')
    expect(settings['net.ipv6.conf.accept_ra']).toBe('12')
    expect(settings['net.ipv6.conf.disable_ipv6']).toBe('104')
    expect(settings['net.ipv6.conf.router_solicitation_interval']).toBe('0')
    expect(settings['net.ipv6.conf.mtu']).toBe(undefined)
  })

  it('are signed, but for those that are not', () => {
    const all = 'ffffffff'.repeat(60)
    expect(named({ ipv6: all })['net.ipv6.conf.router_solicitations']).toBe('-1')
    expect(named({ ipv6: all })['net.ipv6.conf.ra_defrtr_metric']).toBe('4294967295')
  })

  it('end where an older kernel’s end', () => {
    expect(Object.keys(named({ ipv4: run(4) }))).toEqual([
      'net.ipv4.conf.forwarding',
      'net.ipv4.conf.proxy_arp',
      'net.ipv4.conf.accept_redirects',
    ])
    expect(sysctlsIn({})).toEqual([])
  })

  it('are compared as far as both have them', () => {
    const ipv4 = `${run(3)}ffffffff`
    expect(changedSysctls({ ipv4: run(6) }, { ipv4 })).toEqual([
      { name: 'net.ipv4.conf.accept_redirects', before: '12', now: '-1' },
    ])
    expect(changedSysctls({ ipv6: run(60) }, { ipv4, ipv6: run(60) })).toEqual([])
  })

  it('have names under which this kernel has a setting', () => {
    const names = sysctlsIn({ ipv4: run(33), ipv6: run(25) }).map(({ name }) => name)
    expect(names.filter((name) => !existsSync(pathOfSysctl(name, 'default')))).toEqual([])
  })
})
