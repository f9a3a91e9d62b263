import { Testbed } from '../testbed.js'

/** What a container looks at; it fails unless the other side answers. */
export const LOOK = 'ip -4 address; ip route; ping -c 1 -W 10 198.51.100.1'

/** A host with a device `eth1` that has an address and routes, the default route without a metric. */
export function makeHost(): Testbed {
  const testbed = new Testbed()
  testbed.onHost('address add 198.51.100.5/24 dev eth1')
  testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
  testbed.onHost('route add default via 198.51.100.1')
  return testbed
}

/** What `eth1` is known by, to see whether the same is home again. */
export function describeDevice(testbed: Testbed): unknown {
  const [{ ifname, address, mtu }] = JSON.parse(testbed.onHost('-json link show dev eth1'))
  return { ifname, address, mtu }
}
