import type { Loan } from '../movers/mover.js'

/** The devices of one container, and what is done to each on the host, with `$` for its name. */
export const DEVICES: readonly (Loan & { readonly made: readonly string[] })[] = [
  { device: 'bare', as: 'bare', made: [] },
  {
    device: 'eth-down',
    as: 'eth-down',
    made: [
      'address add 169.254.169.77/32 dev $',
      'address add 127.0.0.33 scope host dev $',
      'address add 2001:db8:7::5/64 dev $',
      'link set $ mtu 1789 address 00:11:22:33:44:55 txqueuelen 77',
      'link property add dev $ altname another-name',
    ],
  },
  {
    device: 'renamed',
    as: 'ctr_renamed',
    made: ['address add 169.254.169.78/32 dev $', 'link set $ mtu 1788 address 00:11:22:33:44:56'],
  },
  {
    device: 'eth-up',
    as: 'net1',
    made: [
      'link set $ up',
      'address add 192.0.2.5/24 dev $',
      'address add 2001:db8:2::5/64 nodad dev $',
      'address add 198.18.0.5/24 valid_lft 900 preferred_lft 900 dev $',
      'address add 2001:db8:18::5/64 valid_lft 900 preferred_lft 900 nodad dev $',
      'route add 203.0.113.0/24 via 192.0.2.1 metric 77 src 192.0.2.5',
      'route add default via 192.0.2.1 table 100',
      'route add 2001:db8:f::/48 via 2001:db8:2::1',
      'rule add from 192.0.2.5 lookup 100 priority 40',
      'neighbour add 192.0.2.1 lladdr 02:00:00:00:00:01 nud permanent dev $',
      'neighbour add 2001:db8:2::1 lladdr 02:00:00:00:00:01 nud permanent dev $',
    ],
  },
  {
    device: 'marked',
    as: 'marked',
    made: [
      'link set $ up',
      'address add 192.0.3.5/24 label $:1 dev $',
      'address add 192.0.4.5 peer 192.0.4.9/32 dev $',
      'address add 192.0.5.5/24 broadcast 192.0.5.77 dev $',
      'address add 192.0.6.5/24 metric 66 dev $',
      'address add 192.0.7.5/24 noprefixroute dev $',
    ],
  },
]

/** The lines of a batch that make a device. */
export function linesFor({ device, made }: { device: string; made: readonly string[] }): string[] {
  return [`link add ${device} type dummy`, ...made.map((line) => line.replaceAll('$', device))]
}
