import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NetworkNamespace } from '../../src/kernel/namespace.js'
import { addressRequest, dumpAddresses } from '../../src/kernel/netlink/address.js'
import type { Address } from '../../src/kernel/netlink/address-schema.js'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** Something the host has, what the pod must have of it, and what it must not have. */
interface Row {
  thing: string
  host: string[]
  configuration?: object
  /** What to run `ip` with in the pod, and what must be in what it says. */
  pod: string
  has?: RegExp
  lacks?: RegExp
}

const ADDRESS = 'address add 198.51.100.5/24 dev eth1'
const ADDRESS6 = 'address add 2001:db8::5/64 dev eth1'
const SHOW = '-4 address show dev net1'
const SHOW6 = '-6 address show dev net1'

const ADDRESSES: Row[] = [
  {
    thing: 'a global address',
    host: [ADDRESS],
    pod: SHOW,
    has: /198\.51\.100\.5\/24 scope global/,
  },
  { thing: 'its label', host: [`${ADDRESS} label eth1:web`], pod: SHOW, has: /global net1:web/ },
  {
    thing: 'its peer',
    host: ['address add 10.1.0.1 peer 10.1.0.2/32 dev eth1'],
    pod: SHOW,
    has: /10\.1\.0\.1 peer 10\.1\.0\.2\/32/,
  },
  {
    thing: 'the peer of an IPv6 address',
    host: ['address add 2001:db8:1::1 peer 2001:db8:1::2/128 dev eth1'],
    pod: SHOW6,
    has: /2001:db8:1::1 peer 2001:db8:1::2\/128/,
  },
  {
    thing: 'its broadcast',
    host: [`${ADDRESS} broadcast +`],
    pod: SHOW,
    has: /brd 198\.51\.100\.255/,
  },
  {
    thing: 'its metric',
    host: [`${ADDRESS} metric 77`],
    pod: 'route',
    has: /proto kernel .*metric 77/,
  },
  { thing: 'the metric of IPv6', host: [`${ADDRESS6} metric 77`], pod: SHOW6, has: /metric 77/ },
  { thing: 'noprefixroute', host: [`${ADDRESS} noprefixroute`], pod: 'route', lacks: /198/ },
  { thing: 'nodad', host: [`${ADDRESS6} nodad`], pod: SHOW6, has: /db8::5\/64 .*nodad/ },
  { thing: 'no nodad of our own', host: [ADDRESS6], pod: SHOW6, lacks: /db8::5\/64 .*nodad/ },
  {
    thing: 'the home address flag',
    host: [`${ADDRESS6} home`],
    pod: SHOW6,
    has: /db8::5\/64 .*home/,
  },
  {
    thing: 'secondary addresses, in order',
    host: [ADDRESS, 'address add 198.51.100.6/24 dev eth1'],
    pod: SHOW,
    has: /100\.5\/24 scope global net1[\s\S]*100\.6\/24 scope global secondary net1/,
  },
  {
    thing: 'IPv6 addresses, in order',
    host: [ADDRESS6, 'address add 2001:db8::6/64 dev eth1'],
    pod: SHOW6,
    has: /db8::6\/64[\s\S]*db8::5\/64/,
  },
  {
    thing: 'that an address is no source of new connections',
    host: [`${ADDRESS} preferred_lft 0`],
    pod: SHOW,
    has: /100\.5\/24 scope global deprecated/,
  },
  {
    thing: 'that an IPv6 address is no source of new connections',
    host: [`${ADDRESS6} preferred_lft 0`],
    pod: SHOW6,
    has: /db8::5\/64 scope global deprecated/,
  },
  {
    thing: 'that a lease has become no source of new connections',
    host: [`${ADDRESS} valid_lft 900 preferred_lft 0`],
    configuration: { dynamicAddresses: 'ipv4' },
    pod: SHOW,
    has: /100\.5\/24 scope global deprecated net1\n.*valid_lft forever/,
  },
  {
    thing: 'no lease',
    host: [`${ADDRESS} valid_lft 900 preferred_lft 900`],
    pod: SHOW,
    lacks: /198/,
  },
  {
    thing: 'an IPv4 lease where that is asked for, for ever',
    host: [
      `${ADDRESS} valid_lft 900 preferred_lft 900`,
      `${ADDRESS6} valid_lft 900 preferred_lft 900`,
    ],
    configuration: { dynamicAddresses: 'ipv4' },
    pod: 'address show dev net1 scope global',
    has: /100\.5\/24 scope global net1\n.*valid_lft forever preferred_lft forever/,
    lacks: /db8::5/,
  },
  {
    thing: 'leases of both families where all are asked for, but nothing autoconfigured',
    host: [
      `${ADDRESS} valid_lft 900 preferred_lft 900`,
      `${ADDRESS6} valid_lft 900 preferred_lft 900`,
      'address add 2001:db8::6/64 dev eth1 valid_lft 900 preferred_lft 900 mngtmpaddr',
    ],
    configuration: { dynamicAddresses: 'all' },
    pod: 'address show dev net1 scope global',
    has: /100\.5\/24[\s\S]*db8::5\/64/,
    lacks: /db8::6|[0-9]sec/,
  },
  {
    thing: 'no address of the link or the host',
    host: [
      'address add 169.254.1.1/16 dev eth1 scope link',
      'address add 127.0.0.33/32 dev eth1 scope host',
    ],
    pod: SHOW,
    lacks: /inet/,
  },
  {
    thing: 'an address of 169.254/16 that is global',
    host: ['address add 169.254.169.77/32 dev eth1'],
    pod: SHOW,
    has: /169\.254\.169\.77\/32 scope global/,
  },
]

const route = (words: string) => `route add 203.0.113.0/24 ${words}`
const ROUTE = 'route show table all 203.0.113.0/24'
const ROUTE6 = '-6 route show table all 2001:db8:9::/48'

const ROUTES: Row[] = [
  {
    thing: 'a gateway',
    host: [ADDRESS, route('via 198.51.100.1')],
    pod: ROUTE,
    has: /via 198\.51\.100\.1 dev net1/,
  },
  { thing: 'its metric', host: [ADDRESS, route('dev eth1 metric 9')], pod: ROUTE, has: /metric 9/ },
  {
    thing: 'its protocol',
    host: [ADDRESS, route('dev eth1 proto dhcp')],
    pod: ROUTE,
    has: /proto dhcp/,
  },
  {
    thing: 'a protocol without a name',
    host: [ADDRESS, route('dev eth1 proto 201')],
    pod: ROUTE,
    has: /proto 201/,
  },
  {
    thing: 'its scope',
    host: [ADDRESS, route('dev eth1 scope site')],
    pod: ROUTE,
    has: /scope site/,
  },
  {
    thing: 'its table',
    host: [ADDRESS, route('dev eth1 table 100000')],
    pod: ROUTE,
    has: /table 100000/,
  },
  {
    thing: 'its source',
    host: [ADDRESS, 'address add 198.51.100.6/24 dev eth1', route('dev eth1 src 198.51.100.6')],
    pod: ROUTE,
    has: /src 198\.51\.100\.6/,
  },
  {
    thing: 'no source that stays behind',
    host: [ADDRESS, 'address add 192.0.2.7/32 dev lo', route('via 198.51.100.1 src 192.0.2.7')],
    pod: ROUTE,
    has: /via 198\.51\.100\.1 dev net1/,
    lacks: /src/,
  },
  { thing: 'its MTU', host: [ADDRESS, route('dev eth1 mtu 1400')], pod: ROUTE, has: /mtu 1400/ },
  {
    thing: 'metrics with their locks',
    host: [
      ADDRESS,
      route('dev eth1 mtu lock 1400 advmss 1300 rto_min 5ms congctl lock cubic initcwnd 20'),
    ],
    pod: ROUTE,
    has: /mtu lock 1400 advmss 1300 .*initcwnd 20 .*rto_min lock 5ms .*congctl lock cubic|mtu lock 1400.*advmss 1300/,
  },
  {
    thing: 'a gateway that is on the link by order',
    host: [ADDRESS, route('via 192.0.2.1 dev eth1 onlink')],
    pod: ROUTE,
    has: /via 192\.0\.2\.1 dev net1 onlink/,
  },
  {
    thing: 'a gateway of the other family',
    host: [ADDRESS, ADDRESS6, route('via inet6 2001:db8::1 dev eth1')],
    pod: ROUTE,
    has: /via inet6 2001:db8::1 dev net1/,
  },
  {
    thing: 'its TOS',
    host: [ADDRESS, route('dev eth1 tos 0x10')],
    pod: ROUTE,
    has: /tos (0x10|lowdelay)/,
  },
  { thing: 'its realm', host: [ADDRESS, route('dev eth1 realm 7')], pod: ROUTE, has: /realm 7/ },
  {
    thing: 'an encapsulation',
    host: [ADDRESS, route('encap ip id 7 dst 192.0.2.1 via 198.51.100.1 dev eth1')],
    pod: ROUTE,
    has: /encap ip id 7 .*dst 192\.0\.2\.1 .*via 198\.51\.100\.1 dev net1/,
  },
  {
    thing: 'an IPv6 encapsulation',
    host: [ADDRESS6, 'route add 2001:db8:9::/48 encap seg6 mode encap segs 2001:db8::77 dev eth1'],
    pod: ROUTE6,
    has: /encap seg6 mode encap segs 1 \[ 2001:db8::77 \] dev net1/,
  },
  {
    thing: 'a router’s preference',
    host: [ADDRESS6, 'route add 2001:db8:9::/48 via 2001:db8::1 pref high'],
    pod: ROUTE6,
    has: /pref high/,
  },
  {
    thing: 'a source-specific route',
    host: [ADDRESS6, 'route add 2001:db8:9::/48 from 2001:db8:8::/48 via 2001:db8::1'],
    pod: ROUTE6,
    has: /from 2001:db8:8::\/48 via 2001:db8::1 dev net1/,
  },
  {
    thing: 'an IPv6 route that expires',
    host: [ADDRESS6, 'route add 2001:db8:9::/48 via 2001:db8::1 expires 900'],
    pod: ROUTE6,
    has: /expires (8|9)\d\dsec/,
  },
  {
    thing: 'all nexthops of a multipath route that leave by the device',
    host: [
      ADDRESS,
      route(
        'nexthop via 198.51.100.1 dev eth1 weight 3 nexthop via 198.51.100.2 dev eth1 weight 5 onlink',
      ),
    ],
    pod: ROUTE,
    has: /via 198\.51\.100\.1 dev net1 weight 3 [\s\S]*via 198\.51\.100\.2 dev net1 weight 5 onlink/,
  },
  {
    thing: 'the encapsulation of one nexthop of several',
    host: [
      ADDRESS,
      route(
        'nexthop encap ip id 7 dst 192.0.2.1 via 198.51.100.1 dev eth1 nexthop via 198.51.100.2 dev eth1',
      ),
    ],
    pod: ROUTE,
    has: /encap ip id 7 .*via 198\.51\.100\.1 dev net1[\s\S]*nexthop via 198\.51\.100\.2 dev net1/,
  },
  {
    thing: 'of a multipath route what leaves by the device',
    host: [
      'link add other type ifb',
      'link set other up',
      'address add 192.0.2.2/24 dev other',
      ADDRESS,
      route('nexthop via 192.0.2.1 dev other nexthop via 198.51.100.1 dev eth1'),
    ],
    pod: ROUTE,
    has: /203\.0\.113\.0\/24 via 198\.51\.100\.1 dev net1/,
    lacks: /192\.0\.2\.1/,
  },
  {
    thing: 'an IPv6 multipath route',
    host: [
      ADDRESS6,
      'route add 2001:db8:9::/48 nexthop via 2001:db8::1 dev eth1 nexthop via 2001:db8::2 dev eth1',
    ],
    pod: ROUTE6,
    has: /via 2001:db8::1 dev net1[\s\S]*via 2001:db8::2 dev net1/,
  },
  {
    thing: 'what a nexthop object stands for',
    host: [ADDRESS, 'nexthop add id 10 via 198.51.100.1 dev eth1', route('nhid 10')],
    pod: ROUTE,
    has: /via 198\.51\.100\.1 dev net1/,
    lacks: /nhid/,
  },
  {
    thing: 'what a group of nexthop objects stands for',
    host: [
      ADDRESS,
      'nexthop add id 10 via 198.51.100.1 dev eth1',
      'nexthop add id 11 via 198.51.100.2 dev eth1',
      'nexthop add id 12 group 10,3/11,5',
      route('nhid 12'),
    ],
    pod: ROUTE,
    has: /via 198\.51\.100\.1 dev net1 weight 3 [\s\S]*via 198\.51\.100\.2 dev net1 weight 5/,
    lacks: /nhid/,
  },
  {
    thing: 'a type other than unicast',
    host: [ADDRESS, 'route add anycast 203.0.113.0/24 dev eth1 table 50'],
    pod: ROUTE,
    has: /anycast 203\.0\.113\.0\/24 dev net1 table 50/,
  },
  {
    thing: 'no local route',
    host: [ADDRESS, 'route add local 203.0.113.0/24 dev eth1 table local'],
    pod: ROUTE,
    lacks: /./,
  },
  {
    thing: 'no route of a router advertisement',
    host: [ADDRESS6, 'route add 2001:db8:9::/48 via 2001:db8::1 proto ra'],
    pod: ROUTE6,
    lacks: /./,
  },
  {
    thing: 'no route at all where none is asked for',
    host: [ADDRESS, route('dev eth1')],
    configuration: { routes: false },
    pod: ROUTE,
    lacks: /./,
  },
]

const TABLE_100 = [ADDRESS, 'route add 192.0.2.0/24 dev eth1 table 100']
const SELECTORS =
  'to 192.0.2.0/24 iif lo fwmark 0x1/0xff ipproto udp sport 1000-2000 dport 53 uidrange 5-9 tos 0x10'

const RULES: Row[] = [
  {
    thing: 'a rule to a table of the device',
    host: [...TABLE_100, 'rule add lookup 100 priority 50'],
    pod: 'rule',
    has: /50:\s+from all lookup 100/,
  },
  {
    thing: 'a rule from an address',
    host: [ADDRESS, 'rule add from 198.51.100.5 lookup 77 priority 50'],
    pod: 'rule',
    has: /50:\s+from 198\.51\.100\.5 lookup 77/,
  },
  {
    thing: 'a rule to a prefix that covers an address',
    host: [ADDRESS, 'rule add to 198.51.100.0/24 lookup 77 priority 50'],
    pod: 'rule',
    has: /to 198\.51\.100\.0\/24 lookup 77/,
  },
  {
    thing: 'the device as what came in by',
    host: [ADDRESS, 'rule add iif eth1 lookup main priority 50'],
    pod: 'rule',
    has: /iif net1 lookup main/,
  },
  {
    thing: 'the device as what goes out by',
    host: [ADDRESS, 'rule add oif eth1 lookup main priority 50'],
    pod: 'rule',
    has: /oif net1 lookup main/,
  },
  {
    thing: 'an IPv6 rule',
    host: [ADDRESS6, '-6 rule add from 2001:db8::5 lookup 77 priority 50'],
    pod: '-6 rule',
    has: /50:\s+from 2001:db8::5 lookup 77/,
  },
  {
    thing: 'every selector',
    host: [
      ...TABLE_100,
      `rule add not from 198.51.100.5 ${SELECTORS} lookup 100 suppress_prefixlength 8 priority 50`,
    ],
    pod: 'rule',
    has: /50:\s+not from 198\.51\.100\.5 to 192\.0\.2\.0\/24 tos (0x10|lowdelay) fwmark 0x1\/0xff iif lo uidrange 5-9 ipproto udp sport 1000-2000 dport 53 lookup 100 suppress_prefixlength 8/,
  },
  {
    thing: 'an action without a table',
    host: [ADDRESS, 'rule add from 198.51.100.5 prohibit priority 50'],
    pod: 'rule',
    has: /from 198\.51\.100\.5 prohibit/,
  },
  {
    thing: 'no unrelated rule',
    host: [ADDRESS, 'rule add from 10.0.0.0/8 lookup 77 priority 50'],
    pod: 'rule',
    lacks: /lookup 77/,
  },
  {
    thing: 'no rule of another device',
    host: [...TABLE_100, 'link add other type ifb', 'rule add iif other lookup 100 priority 50'],
    pod: 'rule',
    lacks: /lookup 100/,
  },
  {
    thing: 'no jump to another rule',
    host: [
      ADDRESS,
      'rule add from 198.51.100.5 goto 60 priority 50',
      'rule add priority 60 lookup 77',
    ],
    pod: 'rule',
    lacks: /goto/,
  },
  {
    thing: 'no rule where none is asked for',
    host: [...TABLE_100, 'rule add lookup 100 priority 50'],
    configuration: { rules: false },
    pod: 'rule',
    lacks: /lookup 100/,
  },
]

const NEIGHBOR = 'neighbour add 198.51.100.1 lladdr 02:00:00:00:00:01 dev eth1'
const NEIGHBORS: Row[] = [
  {
    thing: 'a permanent neighbour',
    host: [ADDRESS, `${NEIGHBOR} nud permanent`],
    pod: 'neighbour',
    has: /198\.51\.100\.1 dev net1 lladdr 02:00:00:00:00:01 PERMANENT/,
  },
  {
    thing: 'a permanent IPv6 neighbour, with its flag',
    host: [
      ADDRESS6,
      'neighbour add 2001:db8::1 lladdr 02:00:00:00:00:01 router dev eth1 nud permanent',
    ],
    pod: '-6 neighbour',
    has: /2001:db8::1 dev net1 lladdr 02:00:00:00:00:01 router PERMANENT/,
  },
  {
    thing: 'a proxy entry',
    host: [ADDRESS, 'neighbour add proxy 198.51.100.77 dev eth1'],
    pod: 'neighbour show proxy',
    has: /198\.51\.100\.77 dev net1/,
  },
  {
    thing: 'an IPv6 proxy entry',
    host: [ADDRESS6, 'neighbour add proxy 2001:db8::77 dev eth1'],
    pod: '-6 neighbour show proxy',
    has: /2001:db8::77 dev net1/,
  },
  {
    thing: 'no learned neighbour',
    host: [ADDRESS, `${NEIGHBOR} nud reachable`],
    pod: 'neighbour show nud all',
    lacks: /198\.51\.100\.1 /,
  },
  {
    thing: 'a learned neighbour where all are asked for, to be confirmed',
    host: [ADDRESS, `${NEIGHBOR} nud reachable`],
    configuration: { neighbors: 'all' },
    pod: 'neighbour show nud all',
    has: /198\.51\.100\.1 dev net1 lladdr 02:00:00:00:00:01 STALE/,
  },
  {
    thing: 'no neighbour where none is asked for',
    host: [ADDRESS, `${NEIGHBOR} nud permanent`],
    configuration: { neighbors: 'none' },
    pod: 'neighbour show nud all',
    lacks: /198\.51\.100\.1 /,
  },
]

const LINKS: Row[] = [
  {
    thing: 'the MTU',
    host: ['link set eth1 mtu 1789'],
    pod: 'link show dev net1',
    has: /mtu 1789/,
  },
  {
    thing: 'the MAC',
    host: ['link set eth1 address 00:11:22:33:44:55'],
    pod: 'link show dev net1',
    has: /00:11:22:33:44:55/,
  },
  {
    thing: 'the queue length',
    host: ['link set eth1 txqueuelen 77'],
    pod: 'link show dev net1',
    has: /qlen 77/,
  },
  {
    thing: 'alternative names',
    host: ['link property add dev eth1 altname uplink'],
    pod: 'link show dev net1',
    has: /altname uplink/,
  },
]

describe.each(ARTEFACTS)('$artefact carries', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  describe.each([
    ['of addresses', ADDRESSES],
    ['of routes', ROUTES],
    ['of rules', RULES],
    ['of neighbours', NEIGHBORS],
    ['of the link', LINKS],
  ])('%s', (_, rows) => {
    it.each(rows.map((row) => [row.thing, row] as const))('%s', (_thing, row) => {
      const { host, configuration, pod, has, lacks } = row
      for (const words of host) testbed.onHost(words)
      const { exitCode, stdout } = callPlugin(testbed, path, 'ADD', {
        configuration: { ...configuration },
      })
      expect(exitCode, stdout).toBe(0)
      const said = testbed.inPod(pod)
      if (has) expect(said).toMatch(has)
      if (lacks) expect(said).not.toMatch(lacks)
    })
  })

  it('the protocol of an address', () => {
    using here = NetworkNamespace.host()
    using host = here.open(`/run/netns/${testbed.host}`)
    const index = Number(JSON.parse(testbed.onHost('-json link show dev eth1'))[0].ifindex)
    const address: Address = {
      family: 'inet',
      local: '198.51.100.5',
      prefixLength: 24,
      scope: 0,
      flags: 0,
      protocol: 99,
    }
    host.socket.request(addressRequest(address, index, 'create'))
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    using pod = here.open(testbed.sandboxPath)
    expect(dumpAddresses(pod.socket, index)[0]).toMatchObject({
      local: '198.51.100.5',
      protocol: 99,
    })
  })

  it('an address without its label, where that is too long for the new name', () => {
    testbed.onHost(`${ADDRESS} label eth1:0123456789`)
    const variables = { CNI_IFNAME: 'network1234' }
    expect(callPlugin(testbed, path, 'ADD', { variables }).exitCode).toBe(0)
    expect(testbed.inPod('-4 address show dev network1234')).toMatch(/global network1234\n/)
  })

  it('no route that has expired and that the kernel still lists', async () => {
    using testbed = new Testbed()
    testbed.onHost(ADDRESS6)
    testbed.onHost('-6 route add 2001:db8:9::/48 via 2001:db8::1 expires 1')
    const listed = () => testbed.onHost('-6 route show 2001:db8:9::/48')
    await expect.poll(listed).toMatch(/expires -\d+sec/)
    const { exitCode, document } = callPlugin(testbed, path, 'ADD')
    expect(exitCode).toBe(0)
    expect(document.routes).toBeUndefined()
    expect(testbed.inPod('-6 route')).not.toContain('2001:db8:9::/48')
  })

  describe('what a nexthop object stands for, where the kernel does not say', () => {
    beforeEach(() => {
      testbed.run(testbed.host, 'sysctl -q -w net.ipv4.nexthop_compat_mode=0')
      testbed.onHost(ADDRESS)
      testbed.onHost('nexthop add id 10 via 198.51.100.1 dev eth1')
      testbed.onHost('nexthop add id 11 via 198.51.100.2 dev eth1')
      testbed.onHost('nexthop add id 12 group 10,3/11,5')
    })

    it('of one', () => {
      testbed.onHost(route('nhid 10'))
      expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
      expect(testbed.inPod(ROUTE)).toMatch(/via 198\.51\.100\.1 dev net1/)
    })

    it('of a group', () => {
      testbed.onHost(route('nhid 12'))
      expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
      expect(testbed.inPod(ROUTE)).toMatch(
        /100\.1 dev net1 weight 3 [\s\S]*100\.2 dev net1 weight 5/,
      )
    })
  })

  describe('of sysctls', () => {
    const write = (name: string, value: number) =>
      testbed.run(testbed.host, `sysctl -q -w ${name}=${value}`)
    const inPod = (name: string) => testbed.run(testbed.pod, `sysctl -n ${name}`).stdout

    it('those named, set before the device is up', () => {
      write('net.ipv4.conf.eth1.rp_filter', 2)
      write('net.ipv6.conf.eth1.accept_ra', 0)
      write('net.ipv4.neigh.eth1.gc_stale_time', 77)
      const sysctls = [
        'net.ipv4.conf.rp_filter',
        'net.ipv6.conf.accept_ra',
        'net.ipv4.neigh.gc_stale_time',
      ]
      expect(callPlugin(testbed, path, 'ADD', { configuration: { sysctls } }).exitCode).toBe(0)
      expect(inPod('net.ipv4.conf.net1.rp_filter')).toBe('2')
      expect(inPod('net.ipv6.conf.net1.accept_ra')).toBe('0')
      expect(inPod('net.ipv4.neigh.net1.gc_stale_time')).toBe('77')
      expect(testbed.inPod('link show dev net1 up')).toContain('net1')
    })

    it('all', () => {
      write('net.ipv4.conf.eth1.rp_filter', 2)
      write('net.ipv4.conf.eth1.arp_notify', 1)
      write('net.ipv6.conf.eth1.router_solicitations', 5)
      expect(callPlugin(testbed, path, 'ADD', { configuration: { sysctls: 'all' } }).exitCode).toBe(
        0,
      )
      expect(inPod('net.ipv4.conf.net1.rp_filter')).toBe('2')
      expect(inPod('net.ipv4.conf.net1.arp_notify')).toBe('1')
      expect(inPod('net.ipv6.conf.net1.router_solicitations')).toBe('5')
    })

    it('none by default', () => {
      write('net.ipv4.conf.eth1.arp_notify', 1)
      callPlugin(testbed, path, 'ADD')
      expect(inPod('net.ipv4.conf.net1.arp_notify')).toBe('0')
    })

    it('none that there is not, and says which', () => {
      const configuration = { sysctls: ['net.ipv4.conf.nothing'] }
      const { document } = callPlugin(testbed, path, 'ADD', { configuration })
      expect(document).toMatchObject({
        code: 7,
        msg: expect.stringContaining('cannot read the sysctl net.ipv4.conf.nothing of eth1'),
      })
      expect(testbed.onHost('link')).toContain('eth1')
    })
  })

  it('IPv6 into a sandbox that starts without', () => {
    testbed.run(testbed.pod, 'sysctl -q -w net.ipv6.conf.default.disable_ipv6=1')
    testbed.onHost(ADDRESS6)
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    expect(testbed.podReaches('2001:db8::1')).toBe(true)
  })
})
