import { batch } from '../batch.js'
import { Chain, chained, searchPathFor } from '../chain.js'
import { callPlugin, type Outcome } from '../plugin.js'
import { runSync } from '../run-sync.js'
import type { Testbed } from '../testbed.js'

const assigned = (...addresses: { address: string; gateway?: string }[]) => ({
  ipam: { type: 'static', addresses, routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }] },
  hosts: addresses.map(({ address }) => address.split('/')[0] ?? ''),
})

/** On the link of its master. */
export const L2 = assigned(
  { address: '198.51.100.5/24', gateway: '198.51.100.1' },
  { address: '198.51.100.6/24' },
  { address: '2001:db8::5/64', gateway: '2001:db8::1' },
  { address: '2001:db8::6/64' },
)

/** In a network of its own, that others reach by the host. */
export const L3 = assigned(
  { address: '10.9.0.5/24', gateway: '10.9.0.1' },
  { address: '2001:db8:9::5/64', gateway: '2001:db8:9::1' },
)

/** Has the cloud find that network, by the host. */
export function routeToL3({ host, cloud }: Testbed): void {
  batch(host, 'address add 198.51.100.2/24 dev eth1', 'address add 2001:db8::2/64 dev eth1 nodad')
  batch(
    cloud,
    'route add 10.9.0.0/24 via 198.51.100.2',
    'route add 2001:db8:9::/64 via 2001:db8::2',
  )
  const settings = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']
  runSync('ip', ['netns', 'exec', host, 'sysctl', '-q', '-w', ...settings])
}

/** The stock ipvlan plugin, and ours as the last of the chain, with these keys; or only the former. */
export function gvisorChain(testbed: Testbed, path: string, mode: string, ours: object[]): Chain {
  const { ipam } = mode === 'l2' ? L2 : L3
  const none = { device: undefined, ifName: undefined }
  const last = ours.map((keys) => chained(testbed, path, { ...none, ...keys }))
  const plugins = [{ type: 'ipvlan', master: 'eth1', mode, ipam }, ...last]
  const list = { cniVersion: '1.0.0', name: 'gvisor', plugins }
  return new Chain(testbed, list, searchPathFor(testbed, path))
}

/** Calls ours alone: the stock plugin's CHECK does not know what gVisor does. */
export function callAsLast(
  testbed: Testbed,
  path: string,
  command: string,
  prevResult: object,
): Outcome {
  return callPlugin(testbed, path, command, {
    configuration: { cniVersion: '1.0.0', device: undefined, gvisor: true, prevResult },
    variables: { CNI_IFNAME: 'eth0' },
  })
}
