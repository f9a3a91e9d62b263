import fc from 'fast-check'

/** What an administrator can set of a link, as the words of `ip` for eth1; and sysctls. */
const setting = fc.oneof(
  fc.integer({ min: 1280, max: 1600 }).map((mtu) => `mtu ${mtu}`),
  fc.integer({ min: 1, max: 5000 }).map((length) => `txqueuelen ${length}`),
  fc.integer({ min: 1, max: 254 }).map((byte) => `address 02:00:00:00:0a:${hex(byte)}`),
  fc.integer({ min: 1, max: 254 }).map((byte) => `brd 02:00:00:00:0b:${hex(byte)}`),
  fc.integer({ min: 1, max: 99 }).map((group) => `group ${group}`),
  fc.integer({ min: 8192, max: 65536 }).map((size) => `gso_max_size ${size}`),
  fc.integer({ min: 2, max: 65535 }).map((count) => `gso_max_segs ${count}`),
  fc.constantFrom('promisc on', 'allmulticast on', 'alias uplink', 'alias Über'),
)

/** How to make the device, as the words of `ip`: of a kind whose driver a pod can change, too. */
export const randomKind = fc.constantFrom(
  ...['veth', 'veth', 'veth'],
  'link wire0 type macvlan mode bridge',
  'link wire0 type macvlan mode source',
  'type vxlan id 7 dstport 4789 remote 198.51.100.1',
  'type vxlan id 7 dstport 4789',
)

/** Sysctls whose values have no other effect than the one that they are for. */
export const SYSCTLS = [
  ...['ipv4/conf/DEVICE/rp_filter', 'ipv4/conf/DEVICE/arp_ignore', 'ipv4/conf/DEVICE/arp_announce'],
  ...['ipv6/conf/DEVICE/accept_ra', 'ipv6/conf/DEVICE/dad_transmits', 'ipv6/conf/DEVICE/hop_limit'],
]

const sysctl = fc
  .tuple(fc.constantFrom(...SYSCTLS), fc.integer({ min: 1, max: 2 }))
  .map(([name, value]) => `${name} ${value}`)

/** Of each kind one at most, so that the last one is not the only one that counts. */
const kindOf = (line: string) => line.split(' ')[0]

/** Of 64 features (offloads), which to turn on or off. */
const masks = fc.array(
  fc.integer({ min: 0, max: 0xffffffff }).map((mask) => mask.toString(16)),
  { minLength: 2, maxLength: 2 },
)

/** The settings of a device on its host. */
export const randomSettings = fc.record({
  link: fc.uniqueArray(setting, { maxLength: 5, selector: kindOf }),
  features: fc.option(masks),
  names: fc.uniqueArray(fc.constantFrom('uplink0', 'enx020000000001', 'lan'), { maxLength: 2 }),
  sysctls: fc.uniqueArray(sysctl, { maxLength: 4, selector: kindOf }),
})

/**
 * What a pod does to the device that it has as net1, as lines for `ip -force -batch`. Not every line
 * is possible after those before it: the rest of them is.
 */
export const randomVisit = fc.record({
  lines: fc.array(
    fc.oneof(
      setting.map((words) => `link set net1 ${words}`),
      setting.map((words) => `link set moved0 ${words}`),
      fc.constantFrom(
        'link set net1 down',
        'link set net1 up',
        'link set net1 state dormant',
        'link set net1 protodown on',
        'link set net1 protodown on protodown_reason 3 on',
        // Each for its kind of device.
        'link set net1 type macvlan mode private',
        'link set net1 type macvlan bcqueuelen 7',
        'link set net1 type macvlan macaddr flush\nlink set net1 type macvlan macaddr add 02:00:00:00:00:97',
        'link set net1 type vxlan remote 198.51.100.97 ttl 3',
        'link set net1 type vxlan ageing 77 nolearning',
        'link set net1 mode dormant',
        'link set net1 mode dormant\nlink set net1 down\nlink set net1 up',
        'link set net1 arp off',
        'link set net1 multicast off',
        'link set net1 addrgenmode none',
        'link set net1 down\nlink set net1 name moved0',
        'link property add dev net1 altname from-the-pod',
        'link property delete dev net1 altname uplink0',
        'link add upper0 link net1 type macvlan',
        'link add bridge0 type bridge\nlink set net1 master bridge0',
        'address flush dev net1',
        'address add 10.99.0.1/24 dev net1',
        'address add fd99:99::1/64 dev net1 nodad',
        'address add 10.98.0.1/24 dev net1 valid_lft 900 preferred_lft 900',
        'route flush dev net1',
        'route add 10.97.0.0/24 dev net1',
        'route add 10.96.0.0/24 dev net1 table 77',
        'rule add from 10.99.0.1 lookup 77',
        'neighbour add 10.99.0.9 lladdr 02:00:00:00:00:99 dev net1 nud permanent',
        'token set ::99 dev net1',
      ),
    ),
    { maxLength: 10 },
  ),
  sysctls: fc.array(sysctl, { maxLength: 4 }),
  features: fc.option(masks),
})

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
