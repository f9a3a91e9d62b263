import { KEPT_ADDRESSES, type Kept } from './kept-addresses.js'
import { outcomeOf } from './outcome.js'
import { addressesOf, deviceOf, has } from './snapshot.js'

/** All of it. */
export const KEPT: readonly Kept[] = [
  {
    demand: 'a device is in the container, under its name or another',
    outcome: (container) =>
      outcomeOf({
        'under its name': has(container.devices, { ifname: 'bare' }),
        'under another': has(container.devices, { ifname: 'ctr_renamed' }),
      }),
  },
  {
    demand: 'two devices in one container',
    outcome: ({ devices }) =>
      outcomeOf({ both: has(devices, { ifname: 'bare' }) && has(devices, { ifname: 'eth-down' }) }),
  },
  {
    demand: 'a device that was down is set up',
    outcome: (container) =>
      outcomeOf({ up: deviceOf(container, 'bare')?.flags.includes('UP') ?? false }),
  },
  ...KEPT_ADDRESSES,
  {
    demand: 'MTU and MAC address are kept',
    outcome: (container) =>
      outcomeOf({
        MTU: deviceOf(container, 'eth-down')?.mtu === 1789,
        'MAC address': deviceOf(container, 'eth-down')?.address === '00:11:22:33:44:55',
      }),
  },
  {
    demand: 'MTU, MAC address and address are kept under another name',
    outcome: (container) => {
      const renamed = deviceOf(container, 'ctr_renamed')
      return outcomeOf({
        MTU: renamed?.mtu === 1788,
        'MAC address': renamed?.address === '00:11:22:33:44:56',
        address: addressesOf(renamed).includes('169.254.169.78/32'),
      })
    },
  },
  {
    demand: 'queue length and alternative names are kept',
    outcome: (container) =>
      outcomeOf({
        'queue length': deviceOf(container, 'eth-down')?.txqlen === 77,
        'alternative names': deviceOf(container, 'eth-down')?.altnames?.[0] === 'another-name',
      }),
  },
  {
    demand: 'routes are kept, with metric and source, of other tables, of IPv6',
    outcome: ({ routes }) =>
      outcomeOf({
        'metric and source': has(routes, {
          dst: '203.0.113.0/24',
          gateway: '192.0.2.1',
          metric: 77,
          prefsrc: '192.0.2.5',
        }),
        'other tables': has(routes, { dst: 'default', gateway: '192.0.2.1', table: '100' }),
        IPv6: has(routes, { dst: '2001:db8:f::/48', gateway: '2001:db8:2::1' }),
      }),
  },
  {
    demand: 'rules about its addresses are kept',
    outcome: ({ rules }) => outcomeOf({ rules: has(rules, { src: '192.0.2.5', table: '100' }) }),
  },
  {
    demand: 'permanent neighbours are kept',
    outcome: ({ neighbors }) =>
      outcomeOf({
        IPv4: has(neighbors, { dst: '192.0.2.1', lladdr: '02:00:00:00:00:01' }),
        IPv6: has(neighbors, { dst: '2001:db8:2::1', lladdr: '02:00:00:00:00:01' }),
      }),
  },
  {
    demand: 'sysctls of the device are kept',
    outcome: (_, hasSysctls) => outcomeOf({ sysctls: hasSysctls }),
  },
]
