import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { FailInThread } from '../support/fail-in-thread.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** What the host had, and what `ip` shows of it. */
interface Row {
  thing: string
  host: string[]
  show: string
  has: RegExp
}

const ADDRESS = 'address add 198.51.100.5/24 dev eth1'
const ADDRESS6 = 'address add 2001:db8::5/64 dev eth1'

const ROWS: Row[] = [
  {
    thing: 'an address of scope link, and a route by it',
    host: [
      'address add 169.254.1.1/16 dev eth1 scope link',
      'route add 203.0.113.0/24 via 169.254.1.9',
    ],
    show: 'route show dev eth1',
    has: /203\.0\.113\.0\/24 via 169\.254\.1\.9/,
  },
  {
    thing: 'a link-local address that was added',
    host: ['address add fe80::77/64 dev eth1'],
    show: '-6 address show dev eth1',
    has: /fe80::77\/64 scope link/,
  },
  {
    thing: 'a link-local route that was added',
    host: ['-6 route add fe80::/10 dev eth1 metric 7'],
    show: '-6 route show dev eth1',
    has: /fe80::\/10 metric 7/,
  },
  {
    thing: 'a deprecated address',
    host: [`${ADDRESS} preferred_lft 0`],
    show: '-4 address show dev eth1',
    has: /198\.51\.100\.5\/24 scope global deprecated/,
  },
  {
    thing: 'a deprecated IPv6 address',
    host: [`${ADDRESS6} preferred_lft 0`],
    show: '-6 address show dev eth1',
    has: /2001:db8::5\/64 scope global deprecated/,
  },
  {
    thing: 'an address that will be deprecated',
    host: [`${ADDRESS6} preferred_lft 900`],
    show: '-6 address show dev eth1',
    has: /db8::5\/64 scope global \n +valid_lft forever preferred_lft [89]\d\dsec/,
  },
  {
    thing: 'the prefix of a peer',
    host: ['address add 10.9.0.1 peer 10.9.1.2/24 dev eth1'],
    show: 'route show dev eth1',
    has: /10\.9\.1\.0\/24 proto kernel scope link src 10\.9\.0\.1/,
  },
  {
    thing: 'the prefix of a peer of IPv6',
    host: ['address add 2001:db8:9::1 peer 2001:db8:9::2/64 dev eth1'],
    show: '-6 route show dev eth1',
    has: /2001:db8:9::2 proto kernel [\s\S]*2001:db8:9::\/64 proto kernel/,
  },
  {
    thing: 'an autojoin address',
    host: [ADDRESS, 'address add 239.1.1.1/32 dev eth1 autojoin'],
    show: '-4 address show dev eth1',
    has: /239\.1\.1\.1\/32 scope global autojoin/,
  },
  {
    thing: 'an autojoin address of IPv6',
    host: [ADDRESS6, 'address add ff05::77/128 dev eth1 autojoin'],
    show: '-6 address show dev eth1',
    has: /ff05::77\/128 scope site autojoin/,
  },
  {
    thing: 'a neighbour without ARP',
    host: [ADDRESS, 'neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1 nud noarp'],
    show: 'neighbour show dev eth1 nud noarp',
    has: /198\.51\.100\.9 lladdr 02:00:00:00:00:09 NOARP/,
  },
  {
    thing: 'the IPv6 token',
    host: ['token set ::77 dev eth1'],
    show: 'token get dev eth1',
    has: /token ::77 dev eth1/,
  },
]

describe.each(ARTEFACTS)('$artefact: at home again there is', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  const lines = (words: string) =>
    testbed
      .onHost(words)
      .replaceAll(/\d+sec/g, 'some seconds')
      .split('\n')
      .toSorted()

  it.each(ROWS)('$thing, after DEL with restoreOnDelete', ({ host, show, has }) => {
    for (const words of host) testbed.onHost(words)
    testbed.settle()
    expect(testbed.onHost(show)).toMatch(has)
    const before = lines(show)
    const { exitCode, stdout } = callPlugin(testbed, path, 'ADD', {
      configuration: { routes: false },
    })
    expect(exitCode, stdout).toBe(0)
    const { stderr } = callPlugin(testbed, path, 'DEL', {
      configuration: { restoreOnDelete: true },
    })
    testbed.settle()
    expect(stderr).toBe('')
    expect(testbed.onHost(show)).toMatch(has)
    expect(lines(show)).toEqual(before)
  })

  it('an autojoin address that is all that it has, after an ADD whose move the kernel refuses', () => {
    testbed.run(testbed.host, 'sysctl -q -w net.ipv6.conf.eth1.disable_ipv6=1')
    testbed.onHost('address add 239.1.1.1/32 dev eth1 autojoin')
    using fault = new FailInThread()
    const { document } = callPlugin(testbed, path, 'ADD', {
      wrapper: fault.wrapper('sendto', 'ENOMEM'),
    })
    expect(document.details).toContain('the device never left the host')
    expect(testbed.onHost('address show dev eth1')).toContain('239.1.1.1/32 scope global autojoin')
  })

  it('no address that is tentative for a second where none is tried for duplicates', async () => {
    for (const of of ['default', 'eth1'])
      for (const sysctl of ['accept_dad=1', 'router_solicitation_delay=0'])
        testbed.run(testbed.host, `sysctl -q -w net.ipv6.conf.${of}.${sysctl}`)
    testbed.run(testbed.host, 'sysctl -q -w net.ipv6.conf.eth1.dad_transmits=0')
    for (const command of ['ADD', 'DEL'])
      expect(callPlugin(testbed, path, command).exitCode).toBe(0)
    const shown = () => testbed.onHost('-6 address show dev eth1 scope link')
    expect(shown()).toContain('fe80::')
    await expect.poll(shown, { interval: 20, timeout: 500 }).not.toContain('tentative')
  })

  it('after a second loan to the same sandbox, an autojoin address', () => {
    const configuration = { restoreOnDelete: true }
    testbed.onHost('address add 239.1.1.1/32 dev eth1 autojoin')
    testbed.onHost('address add ff05::77/128 dev eth1 autojoin')
    for (const command of ['ADD', 'DEL', 'ADD', 'DEL']) {
      const { exitCode, stdout } = callPlugin(testbed, path, command, { configuration })
      expect(exitCode, stdout).toBe(0)
    }
    expect(testbed.onHost('address show dev eth1')).toMatch(/239\.1\.1\.1[\s\S]*ff05::77/)
  })

  it.each(ROWS)('$thing, after a failed ADD', ({ host, show, has }) => {
    testbed.onHost('address add 192.0.2.5/32 dev eth1')
    testbed.onHost('route add 192.0.2.77 dev eth1')
    for (const words of host) testbed.onHost(words)
    testbed.settle()
    const before = lines(show)
    testbed.inPod('link add other index 900 type ifb')
    testbed.inPod('link set other up')
    testbed.inPod('route add 192.0.2.77 dev other')
    const { document } = callPlugin(testbed, path, 'ADD')
    expect(document.details).toMatch(
      /(^|; )the device is back on the host as eth1, up, with its addresses and routes$/,
    )
    testbed.settle()
    expect(testbed.onHost(show)).toMatch(has)
    expect(lines(show)).toEqual(before)
  })
})
