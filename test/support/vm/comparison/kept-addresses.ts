import { type Outcome, outcomeOf, YES } from './outcome.js'
import { type Address, addressesOf, deviceOf, has, type Snapshot } from './snapshot.js'

/** What the container has to have of the devices of devices.ts. */
export interface Kept {
  readonly demand: string
  readonly outcome: (container: Snapshot, hasSysctls: boolean) => Outcome
}

const addresses = (container: Snapshot, name: string): readonly Address[] =>
  deviceOf(container, name)?.addr_info ?? []

/** Of addresses that are not to be there, beside others that are. */
function notKept(container: Snapshot, name: string, ...locals: string[]): Outcome {
  const there = locals.some((local) => has(addresses(container, name), { local }))
  if (addressesOf(deviceOf(container, name)).length === 0) return 'yes: none are'
  return there ? 'no: they are' : YES
}

/** Of their addresses. */
export const KEPT_ADDRESSES: readonly Kept[] = [
  {
    demand: 'permanent global addresses of a device that was down are kept',
    outcome: (container) =>
      outcomeOf({
        IPv4: has(addresses(container, 'eth-down'), { local: '169.254.169.77', prefixlen: 32 }),
        IPv6: has(addresses(container, 'eth-down'), { local: '2001:db8:7::5', prefixlen: 64 }),
      }),
  },
  {
    demand: 'permanent global addresses of a device that was up are kept',
    outcome: (container) =>
      outcomeOf({
        IPv4: has(addresses(container, 'net1'), { local: '192.0.2.5', prefixlen: 24 }),
        IPv6: has(addresses(container, 'net1'), { local: '2001:db8:2::5', prefixlen: 64 }),
      }),
  },
  {
    demand: 'an address keeps its label, peer, broadcast address, metric and `noprefixroute`',
    outcome: (container) => {
      const marked = addresses(container, 'marked')
      return outcomeOf({
        label: has(marked, { local: '192.0.3.5', label: 'marked:1' }),
        peer: has(marked, { local: '192.0.4.5', address: '192.0.4.9' }),
        'broadcast address': has(marked, { local: '192.0.5.5', broadcast: '192.0.5.77' }),
        metric: has(marked, { local: '192.0.6.5', metric: 66 }),
        '`noprefixroute`': has(marked, { local: '192.0.7.5', noprefixroute: true }),
      })
    },
  },
  {
    demand: 'addresses that are not permanent are not kept',
    outcome: (container) => notKept(container, 'net1', '198.18.0.5', '2001:db8:18::5'),
  },
  {
    demand: 'an address of host scope is not kept',
    outcome: (container) => notKept(container, 'eth-down', '127.0.0.33'),
  },
]
