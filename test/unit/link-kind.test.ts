import { describe, expect, it } from 'vitest'
import {
  familiesNeedingAddresses,
  linkKindOf,
  requireSupportedLink,
} from '../../src/gvisor/link-support.js'
import { encodeAttributes, text } from '../../src/kernel/netlink/attributes.js'
import type { NetlinkSocket } from '../../src/kernel/netlink/netlink-socket.js'

const IFLA_LINKINFO = 18

/** A socket to a kernel with one device, of a kind that this machine's kernel may not have. */
function socketTo(kind: string | undefined, data?: Buffer): NetlinkSocket {
  const info = [
    ...(kind === undefined ? [] : [text(1, kind)]),
    ...(data === undefined ? [] : [{ type: 2, nested: true, data }]),
  ]
  const linkInfo = { type: IFLA_LINKINFO, nested: true, data: encodeAttributes(info) }
  const message = Buffer.concat([Buffer.alloc(16), encodeAttributes(kind ? [linkInfo] : [])])
  return { request: () => [{ data: message }] } as unknown as NetlinkSocket
}

/** IFLA_IPVLAN_MODE and IFLA_IPVLAN_FLAGS, as the driver sends them. */
const ipvlanData = (mode: number) =>
  encodeAttributes([
    { type: 1, data: Buffer.from([mode, 0]) },
    { type: 2, data: Buffer.from([0, 0]) },
  ])

describe('the kind of a device', () => {
  it.each([
    [undefined, undefined, { kind: '' }, []],
    ['veth', undefined, { kind: 'veth' }, []],
    ['macvlan', ipvlanData(4), { kind: 'macvlan' }, ['inet6']],
    ['ipvlan', ipvlanData(0), { kind: 'ipvlan', ipvlanMode: 'l2' }, ['inet', 'inet6']],
    ['ipvlan', ipvlanData(1), { kind: 'ipvlan', ipvlanMode: 'l3' }, ['inet', 'inet6']],
    ['ipvlan', ipvlanData(2), { kind: 'ipvlan', ipvlanMode: 'l3s' }, ['inet', 'inet6']],
  ])('%s is read, and which families it goes deaf for', (kind, data, expected, families) => {
    const found = linkKindOf(socketTo(kind, data), 2)
    expect(found).toEqual(expected)
    expect(familiesNeedingAddresses(found)).toEqual(families)
  })

  it('l3s is refused, with the reason, and no other', () => {
    expect(() => requireSupportedLink({ kind: 'ipvlan', ipvlanMode: 'l3s' }, 'net1')).toThrow(
      expect.objectContaining({
        kind: 'device-refused',
        message: expect.stringContaining('passes the packet socket by which gVisor reads'),
      }),
    )
    for (const ipvlanMode of ['l2', 'l3'])
      expect(() => requireSupportedLink({ kind: 'ipvlan', ipvlanMode }, 'net1')).not.toThrow()
  })
})
