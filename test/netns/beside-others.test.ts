import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** What the host has with two devices, and what it has while eth1 is away. */
interface Row {
  thing: string
  host: string[]
  show: string
  meanwhile: string[]
  warning?: string
}

const ROWS: Row[] = [
  {
    thing: 'a route over both',
    host: [
      'route add 203.0.113.0/24 nexthop via 192.0.2.1 dev eth2 nexthop via 198.51.100.1 dev eth1',
    ],
    show: 'route show 203.0.113.0/24',
    meanwhile: ['203.0.113.0/24 via 192.0.2.1 dev eth2 proto 76'],
    warning: 'only what leaves by the device is carried',
  },
  {
    thing: 'a route over three nexthops',
    host: [
      'route add 203.0.113.0/24 metric 7 mtu 1400 nexthop via 192.0.2.1 dev eth2 weight 3 nexthop via 198.51.100.1 dev eth1 nexthop via 192.0.2.2 dev eth2 weight 5',
    ],
    show: 'route show 203.0.113.0/24',
    meanwhile: [
      '203.0.113.0/24 proto 76 metric 7 mtu 1400',
      'nexthop via 192.0.2.1 dev eth2 weight 3',
      'nexthop via 192.0.2.2 dev eth2 weight 5',
    ],
    warning: 'only what leaves by the device is carried',
  },
  {
    thing: 'a default route over both',
    host: ['route add default nexthop via 192.0.2.1 dev eth2 nexthop via 198.51.100.1 dev eth1'],
    show: 'route show default',
    meanwhile: ['default via 192.0.2.1 dev eth2 proto 76'],
    warning: 'only what leaves by the device is carried',
  },
  {
    thing: "a route by the other device with this one's address as its source",
    host: ['route add 203.0.113.0/24 via 192.0.2.1 dev eth2 src 198.51.100.5'],
    show: 'route show 203.0.113.0/24',
    meanwhile: ['203.0.113.0/24 via 192.0.2.1 dev eth2 proto 76'],
    warning:
      'while eth1 is away, the host has the route 203.0.113.0/24 via 192.0.2.1 dev eth2 src 198.51.100.5 without its source 198.51.100.5',
  },
  {
    thing: 'such a route in another table, which stays',
    host: ['route add 203.0.113.0/24 via 192.0.2.1 dev eth2 src 198.51.100.5 table 100'],
    show: 'route show table 100',
    meanwhile: ['203.0.113.0/24 via 192.0.2.1 dev eth2 src 198.51.100.5'],
  },
  {
    thing: 'such a route before another, in their order',
    host: [
      'route add 203.0.113.0/24 via 192.0.2.1 dev eth2 src 198.51.100.5',
      'route append 203.0.113.0/24 via 192.0.2.2 dev eth2',
    ],
    show: 'route show 203.0.113.0/24',
    meanwhile: [
      '203.0.113.0/24 via 192.0.2.1 dev eth2 proto 76',
      '203.0.113.0/24 via 192.0.2.2 dev eth2',
    ],
    warning: 'without its source 198.51.100.5',
  },
  {
    thing: "a route behind another device's",
    host: [
      'route add 203.0.113.0/24 via 192.0.2.1 dev eth2',
      'route append 203.0.113.0/24 via 198.51.100.1 dev eth1',
    ],
    show: 'route show 203.0.113.0/24',
    meanwhile: ['203.0.113.0/24 via 192.0.2.1 dev eth2'],
  },
  {
    thing: "a route before another device's",
    host: [
      'route add 203.0.113.0/24 via 198.51.100.1 dev eth1',
      'route append 203.0.113.0/24 via 198.51.100.2 dev eth1',
      'route append 203.0.113.0/24 via 192.0.2.1 dev eth2',
    ],
    show: 'route show 203.0.113.0/24',
    meanwhile: ['203.0.113.0/24 via 192.0.2.1 dev eth2'],
  },
  {
    thing: 'such a route between others, in their order',
    host: [
      'route append 203.0.113.0/24 via 192.0.2.1 dev eth2',
      'route append 203.0.113.0/24 via 192.0.2.2 dev eth2 src 198.51.100.5',
      'route append 203.0.113.0/24 via 192.0.2.3 dev eth2',
    ],
    show: 'route show 203.0.113.0/24',
    meanwhile: [
      '203.0.113.0/24 via 192.0.2.1 dev eth2',
      '203.0.113.0/24 via 192.0.2.3 dev eth2',
      '203.0.113.0/24 via 192.0.2.2 dev eth2 proto 76',
    ],
    warning: 'without its source 198.51.100.5',
  },
  {
    thing: 'several between others, in their order',
    host: [
      'route append 203.0.113.0/24 via 192.0.2.1 dev eth2 src 198.51.100.5',
      'route append 203.0.113.0/24 via 192.0.2.2 dev eth2 mtu 1400',
      'route append 203.0.113.0/24 via 198.51.100.1 dev eth1',
      'route append 203.0.113.0/24 via 192.0.2.3 dev eth2 proto static',
      'route append 203.0.113.0/24 via 192.0.2.4 dev eth2 src 198.51.100.5',
      'route append 203.0.113.0/24 nexthop via 192.0.2.5 dev eth2 nexthop via 192.0.2.6 dev eth2',
      'route append 203.0.113.0/24 via 198.51.100.2 dev eth1',
    ],
    show: 'route show 203.0.113.0/24',
    meanwhile: [
      '203.0.113.0/24 via 192.0.2.1 dev eth2 proto 76',
      '203.0.113.0/24 via 192.0.2.2 dev eth2 mtu 1400',
      '203.0.113.0/24 via 192.0.2.3 dev eth2 proto static',
      '203.0.113.0/24',
      'nexthop via 192.0.2.5 dev eth2 weight 1',
      'nexthop via 192.0.2.6 dev eth2 weight 1',
      '203.0.113.0/24 via 192.0.2.4 dev eth2 proto 76',
    ],
    warning: 'without its source 198.51.100.5',
  },
  {
    thing: 'two routes over both, whose parts by the other device begin with the same nexthop',
    host: [
      'route add 203.0.113.0/24 src 192.0.2.5 nexthop via 198.51.100.1 dev eth1 nexthop via 192.0.2.1 dev eth2 nexthop via 192.0.2.2 dev eth2',
      'route append 203.0.113.0/24 nexthop via 192.0.2.1 dev eth2 nexthop via 198.51.100.1 dev eth1',
    ],
    show: 'route show 203.0.113.0/24',
    meanwhile: [
      '203.0.113.0/24 proto 76 src 192.0.2.5',
      'nexthop via 192.0.2.1 dev eth2 weight 1',
      'nexthop via 192.0.2.2 dev eth2 weight 1',
      '203.0.113.0/24 via 192.0.2.1 dev eth2 proto 76',
    ],
    warning: 'only what leaves by the device is carried',
  },
  {
    thing: 'a route over both before one on the link',
    host: [
      'route add 203.0.113.0/24 nexthop via 192.0.2.1 dev eth2 nexthop via 198.51.100.1 dev eth1',
      'route append 203.0.113.0/24 dev eth1 mtu 1400',
    ],
    show: 'route show 203.0.113.0/24',
    meanwhile: ['203.0.113.0/24 via 192.0.2.1 dev eth2 proto 76'],
    warning: 'only what leaves by the device is carried',
  },
  {
    thing: 'an IPv6 route over both',
    host: [
      '-6 route add 2001:db8:9::/48 nexthop via 2001:db8:2::1 dev eth2 nexthop via 2001:db8::1 dev eth1 weight 9',
    ],
    show: '-6 route show 2001:db8:9::/48',
    meanwhile: ['2001:db8:9::/48 via 2001:db8:2::1 dev eth2 metric 1024 pref medium'],
    warning: 'only what leaves by the device is carried',
  },
  {
    thing: 'an IPv6 route on the link of both',
    host: ['-6 route add 2001:db8:9::/48 dev eth2', '-6 route append 2001:db8:9::/48 dev eth1'],
    show: '-6 route show 2001:db8:9::/48',
    meanwhile: ['2001:db8:9::/48 dev eth2 metric 1024 pref medium'],
  },
  {
    thing: 'nexthop objects, with their groups',
    host: [
      'nexthop add id 10 via 198.51.100.1 dev eth1',
      'nexthop add id 11 via 192.0.2.1 dev eth2 proto static',
      'nexthop add id 12 group 10,3/11,5',
      'nexthop add id 13 group 10',
      'nexthop add id 14 via 2001:db8::1 dev eth1 proto static',
    ],
    show: 'nexthop',
    meanwhile: ['id 11 via 192.0.2.1 dev eth2 scope link proto static', 'id 12 group 11,5'],
  },
  {
    thing: 'routes by nexthop objects',
    host: [
      'nexthop add id 10 via 198.51.100.1 dev eth1',
      'nexthop add id 11 via 192.0.2.1 dev eth2',
      'nexthop add id 12 group 10/11',
      'nexthop add id 14 via 2001:db8::1 dev eth1',
      'route add 203.0.113.0/24 nhid 10',
      'route add 203.0.113.0/25 nhid 12',
      'route add 203.0.113.0/26 nhid 14',
    ],
    show: 'route show root 203.0.113.0/24',
    meanwhile: ['203.0.113.0/25 nhid 12 via 192.0.2.1 dev eth2'],
    warning: 'only what leaves by the device is carried',
  },
  {
    thing: 'a nexthop object on which a gateway depends, and that depends on a route',
    host: [
      'route add 10.9.0.1 dev eth1 scope link',
      'nexthop add id 10 via 10.9.0.1 dev eth1',
      'nexthop add id 11 dev eth1',
      'route add 10.9.0.2 nhid 11 scope link',
      'route add 203.0.113.0/24 nhid 10',
      'route add 203.0.113.0/25 via 10.9.0.2',
    ],
    show: 'route show',
    meanwhile: ['192.0.2.0/24 dev eth2 proto kernel scope link src 192.0.2.5'],
  },
]

/** Of every link, in an order of the kernel's own. */
const MADE_BY_THE_KERNEL = /^(fe80::\/64|multicast ff00::\/8|local fe80)/

describe.each(ARTEFACTS)('$artefact: beside another device', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('address add 192.0.2.5/24 dev eth2')
    testbed.onHost('address add 2001:db8:2::5/64 dev eth2')
    testbed.settle()
  })
  afterEach(() => testbed[Symbol.dispose]())

  const give = (lines: string[]) => {
    for (const line of lines) testbed.onHost(line)
  }
  const lines = (words: string) => {
    const shown = testbed.onHost(words).split('\n')
    return shown
      .map((line) => line.trim().replaceAll(/ +/g, ' '))
      .filter((line) => line !== '' && !MADE_BY_THE_KERNEL.test(line))
  }
  const nexthops = () => [lines('nexthop'), lines('route show table all'), lines('-6 route')]

  it.each(ROWS)(
    '$thing: put back at once, and as it was with DEL',
    ({ host, show, meanwhile, warning }) => {
      give(host)
      const before = nexthops()
      const { exitCode, stdout, stderr } = callPlugin(testbed, path, 'ADD')
      expect(exitCode, stdout).toBe(0)
      if (warning === undefined) expect(stderr).toBe('')
      else expect(stderr).toContain(warning)
      expect(lines(show)).toEqual(meanwhile)
      const configuration = { restoreOnDelete: true }
      expect(callPlugin(testbed, path, 'DEL', { configuration }).stderr).toBe('')
      testbed.settle()
      expect(nexthops()).toEqual(before)
    },
  )

  it.each(ROWS)('$thing: as it was after a failed ADD', ({ host }) => {
    testbed.onHost('route add 192.0.3.77 dev eth1')
    give(host)
    const before = nexthops()
    testbed.inPod('link add other index 900 type ifb')
    testbed.inPod('link set other up')
    testbed.inPod('route add 192.0.3.77 dev other')
    const { document } = callPlugin(testbed, path, 'ADD')
    expect(document.details).toMatch(
      /(^|; )the device is back on the host as eth1, up, with its addresses and routes$/,
    )
    testbed.settle()
    expect(nexthops()).toEqual(before)
  })

  it('keeps a route that the kernel would not take again before the one that comes home', () => {
    give([
      'route add 10.9.0.1 dev eth2 scope link',
      'route append 203.0.113.0/24 via 192.0.2.1 dev eth2',
      'route append 203.0.113.0/24 via 198.51.100.1 dev eth1',
      'route append 203.0.113.0/24 via 10.9.0.1 dev eth2',
    ])
    callPlugin(testbed, path, 'ADD')
    give(['route delete 10.9.0.1 dev eth2'])
    const configuration = { restoreOnDelete: true }
    expect(callPlugin(testbed, path, 'DEL', { configuration }).stderr).toBe('')
    expect(lines('route show 203.0.113.0/24')).toEqual([
      '203.0.113.0/24 via 192.0.2.1 dev eth2',
      '203.0.113.0/24 via 10.9.0.1 dev eth2',
      '203.0.113.0/24 via 198.51.100.1 dev eth1',
    ])
  })

  it('leaves what somebody else has put in their place', () => {
    give([
      'nexthop add id 10 via 198.51.100.1 dev eth1',
      'route add 203.0.113.0/24 via 192.0.2.1 dev eth2 src 198.51.100.5',
      'route add 203.0.113.0/25 nhid 10',
    ])
    callPlugin(testbed, path, 'ADD')
    give([
      'route replace 203.0.113.0/24 via 192.0.2.9 dev eth2',
      'nexthop add id 10 via 192.0.2.3 dev eth2',
    ])
    const configuration = { restoreOnDelete: true }
    const { stderr } = callPlugin(testbed, path, 'DEL', { configuration })
    expect(lines('route show 203.0.113.0/24')).toEqual(['203.0.113.0/24 via 192.0.2.9 dev eth2'])
    expect(lines('route show 203.0.113.0/25')).toEqual(['203.0.113.0/25 via 198.51.100.1 dev eth1'])
    expect(lines('nexthop')).toEqual(['id 10 via 192.0.2.3 dev eth2 scope link'])
    expect(stderr).toContain(
      'eth1 is home without route 203.0.113.0/24 via 192.0.2.1 dev eth2 src 198.51.100.5',
    )
    expect(stderr).toContain('eth1 is home without nexthop object 10: there is another of that id')
  })

  it('without restoreOnDelete the host keeps what it got', () => {
    give(ROWS[0]?.host ?? [])
    callPlugin(testbed, path, 'ADD')
    callPlugin(testbed, path, 'DEL', { configuration: { restoreOnDelete: false } })
    expect(lines('route show 203.0.113.0/24')).toEqual(ROWS[0]?.meanwhile)
  })
})
