import fc from 'fast-check'

/** Kinds of devices that every kernel makes, and how. A bridge never leaves its namespace. */
const KINDS = {
  veth: ({ name }: NicPlan, cloud: string) => `type veth peer name ${name} netns ${cloud}`,
  macvlan: () => 'link eth1 type macvlan mode bridge',
  ifb: () => 'type ifb',
  vxlan: (_: NicPlan, __: string, id: number) =>
    `type vxlan id ${id} remote 198.51.100.1 dstport 4789 dev eth1`,
  bridge: () => 'type bridge',
}

/** A device of the host that is lent in a life, and what an administrator gave it. */
export interface NicPlan {
  name: string
  kind: keyof typeof KINDS
  up: boolean
  mac: string
  alias: string
  altname: string
  /** For `ip -batch`: its addresses, routes, neighbours, and the rules of the host for it. */
  lines: string[]
}

/**
 * The words with which `ip` makes a device.
 * @param number its number of queues, which nobody can change: by this it is known everywhere
 */
export function wordsToMake(plan: NicPlan, number: number, cloud: string): string[] {
  const { name, kind, mac, alias, altname, up } = plan
  return [
    `link add name ${name} address ${mac} numtxqueues ${number} ${KINDS[kind](plan, cloud, number)}`,
    ...(alias ? [`link set ${name} alias ${alias}`] : []),
    ...(altname ? [`link property add dev ${name} altname ${altname}`] : []),
    ...(up ? [`link set ${name} up`] : []),
  ]
}

/** What an administrator can give the nth device: what two devices have never collides. */
export function nicPlan(n: number): fc.Arbitrary<NicPlan> {
  return fc
    .record({
      kind: fc.constantFrom<NicPlan['kind']>('veth', 'veth', 'macvlan', 'ifb', 'vxlan', 'bridge'),
      up: fc.constantFrom(true, true, true, false),
      mac: fc.constantFrom(`02:00:00:00:01:0${n}`, `02:00:00:00:01:0${n}`, '02:00:00:00:01:00'),
      // Also bytes that are no UTF-8, more of them than 85.
      alias: fc.constantFrom('', `uplink${n}`, 'caf\xe9', '\xe9'.repeat(100)),
      altname: fc.constantFrom('', `port${n}`),
      lines: nicState(n),
    })
    .map((plan) => ({
      name: `nic${n}`,
      ...plan,
      // Devices on one master must differ.
      mac: plan.kind === 'macvlan' ? `02:00:00:00:01:0${n}` : plan.mac,
    }))
}

/** Addresses, with what there is in a table of its own for each, and rules that lead there. */
function nicState(n: number): fc.Arbitrary<string[]> {
  const dev = `dev nic${n}`
  const choices = [
    [`address add 10.${n}.0.5/24 ${dev}`],
    [`address add 10.${n}.0.6/24 ${dev}`, `address add 10.${n}.1.6 peer 10.${n}.2.6/32 ${dev}`],
    [`address add 10.${n}.3.5/24 ${dev} noprefixroute label nic${n}:\xe9`],
    [`address add 10.${n}.4.5/24 ${dev} valid_lft 3000 preferred_lft 2000`],
    [`address add 10.${n}.5.5/24 ${dev} preferred_lft 0`],
    [`address add 169.254.${n}.5/16 ${dev} scope link`],
    [`address add fd00:${n}::5/64 ${dev}`, `address add fd00:${n}:1::5/64 ${dev} metric 77`],
    [`route add 172.16.${n}.0/24 via 192.0.2.1 ${dev} onlink proto static`],
    [
      `route add 172.17.${n}.0/24 ${dev} table 100`,
      `rule add to 172.17.0.0/16 lookup 100 priority 900`,
    ],
    [`route add default via 192.0.2.1 ${dev} onlink table 10${n} proto dhcp`],
    [`route add default via fe80::1 ${dev} metric ${1000 + n} table 10${n}`],
    [
      `address add 10.${n}.6.5/32 ${dev}`,
      `rule add from 10.${n}.6.5 lookup 10${n} priority 100${n}`,
      `rule add from 10.${n}.6.5 fwmark 0x1 lookup 10${n} priority 100${n}`,
    ],
    [
      `rule add iif nic${n} lookup 100 priority 905`,
      `rule add oif nic${n} lookup 10${n} priority 906`,
    ],
    [`neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 ${dev} nud permanent`],
    [`neighbour add proxy fd00:${n}::9 ${dev}`],
  ]
  return fc.subarray(choices, { minLength: 1 }).map((chosen) => chosen.flat())
}
