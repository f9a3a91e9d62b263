import { readExample } from '../examples.js'

/** A CNI network configuration list. */
export interface Network {
  cniVersion: string
  name: string
  plugins: Record<string, unknown>[]
}

/** The highest version that the CNI libraries of Debian 12's clients accept is 1.0.0. */
export function makeNetwork(...plugins: Record<string, unknown>[]): Network {
  return { cniVersion: '1.0.0', name: 'lent', plugins }
}

const TYPE = 'host-device-l3'

/** The device of a host such as `makeHost` makes. */
export const LEND = { type: TYPE, device: 'eth1' }

export const BRIDGE = {
  type: 'bridge',
  bridge: 'hdl3br0',
  isGateway: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.22.0.0/24' }]] },
}

/** The ways to have the plugin in a network, and what a container then sees. */
export const CHAINS = [
  {
    chain: 'alone, as in cni-conf, of which this client knows the lower version',
    network: { ...readExample('10-host-device-l3.conflist'), name: 'lent' },
    seen: ['198.51.100.5/24 scope global eth0', '203.0.113.0/24 via 198.51.100.1 dev eth0'],
  },
  {
    chain: 'after bridge, with a second interface',
    network: makeNetwork(BRIDGE, { ...LEND, ifName: 'net1' }),
    seen: [
      '10.22.0.2/24 brd 10.22.0.255 scope global eth0',
      '198.51.100.5/24 scope global net1',
      '203.0.113.0/24 via 198.51.100.1 dev net1',
    ],
  },
  {
    chain: 'after bridge, as in cni-conf, with two default routes',
    network: { ...readExample('30-after-bridge.conflist'), name: 'lent' },
    seen: [
      'default via 10.22.0.1 dev eth0',
      '198.51.100.5/24 scope global net1',
      '203.0.113.0/24 via 198.51.100.1 dev net1',
    ],
  },
  {
    chain: 'before tuning',
    network: makeNetwork(LEND, { type: 'tuning', mtu: 1400 }),
    seen: [
      'mtu 1400',
      '198.51.100.5/24 scope global eth0',
      '203.0.113.0/24 via 198.51.100.1 dev eth0',
    ],
  },
  {
    chain: 'around host-device',
    network: makeNetwork(
      { ...LEND, mode: 'capture' },
      { type: 'host-device', device: 'eth1' },
      { type: TYPE, mode: 'apply' },
    ),
    seen: ['198.51.100.5/24 scope global eth0', '203.0.113.0/24 via 198.51.100.1 dev eth0'],
  },
  {
    chain: 'after macvlan',
    network: makeNetwork({ type: 'macvlan', master: 'eth1', mode: 'bridge', ipam: {} }, LEND),
    seen: ['198.51.100.5/24 scope global eth0', '203.0.113.0/24 via 198.51.100.1 dev eth0'],
  },
]

/** The later plugin fails: there is no such setting. */
export const FAILING_NETWORK = makeNetwork(LEND, {
  type: 'tuning',
  sysctl: { 'net.ipv4.conf.eth0.nonexistent': '1' },
})
