import { describe, expect, it } from 'vitest'
import { mergeIntoResult } from '../../src/cni/merge.js'

const SANDBOX = '/run/netns/pod'
const OURS = {
  interface: { name: 'net1', mac: '02:00:00:00:00:01', mtu: 1500, sandbox: SANDBOX },
  ips: [{ address: '198.51.100.5/24' }],
  routes: [{ dst: '0.0.0.0/0', gw: '198.51.100.1', table: 254 }],
}

describe('the result', () => {
  it('without a previous one is ours', () => {
    expect(mergeIntoResult(undefined, OURS)).toEqual({
      interfaces: [OURS.interface],
      ips: [{ address: '198.51.100.5/24', interface: 0 }],
      routes: OURS.routes,
    })
  })

  it('leaves out empty lists', () => {
    const result = mergeIntoResult(undefined, { ...OURS, ips: [], routes: [] })
    expect(Object.keys(result)).toEqual(['interfaces'])
  })

  it('takes the index of no interface off an address, which else would become ours', () => {
    const previous = { ips: [{ address: '10.0.0.1/24', interface: 0 }, { address: '10.0.0.2/24' }] }
    expect(mergeIntoResult(previous, OURS).ips).toEqual([
      { address: '10.0.0.1/24' },
      { address: '10.0.0.2/24' },
      { address: '198.51.100.5/24', interface: 0 },
    ])
  })

  it('keeps what earlier plugins reported, fields unknown to us too, and indexes after it', () => {
    const previous = {
      interfaces: [
        { name: 'br0', extra: 1 },
        { name: 'eth0', sandbox: SANDBOX },
      ],
      ips: [{ address: '10.22.0.2/16', interface: 1, gateway: '10.22.0.1' }],
      routes: [{ dst: '10.0.0.0/8' }],
      dns: { nameservers: ['10.22.0.1'] },
    }
    const result = mergeIntoResult(previous, OURS)
    expect(result).toMatchObject({
      interfaces: [...previous.interfaces, OURS.interface],
      ips: [...previous.ips, { address: '198.51.100.5/24', interface: 2 }],
      routes: [...previous.routes, ...OURS.routes],
      dns: previous.dns,
    })
  })

  it('lists nothing twice', () => {
    const once = mergeIntoResult(undefined, OURS)
    expect(mergeIntoResult(once, OURS)).toEqual(once)
  })

  it('tells interfaces of one name in two sandboxes apart', () => {
    const previous = { interfaces: [{ name: 'net1', sandbox: '/run/netns/other' }] }
    expect(mergeIntoResult(previous, OURS).ips?.[0]?.interface).toBe(1)
  })
})
