import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { settle } from '../support/settled.js'
import { Testbed } from '../support/testbed.js'

/** Sends a router advertisement of prefixes: on the link without addresses, on it with them, with them only. */
const ADVERTISE = `
import socket, struct, sys
index = socket.if_nametoindex('eth1')
router = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
message = struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 0, 0, 0)
for prefix, flags in (('2001:db8:c::', 0x80), ('2001:db8:a::', 0xc0), ('2001:db8:b::', 0x40)):
    message += struct.pack('!BBBBIII', 3, 4, 64, flags, int(sys.argv[1]), 1800, 0)
    message += socket.inet_pton(socket.AF_INET6, prefix)
router.sendto(message, ('ff02::1', 0, 0, index))
`

/** IPv6 prefix routes do not tell with which address they came, or that they came with none. */
describe.each(ARTEFACTS)('$artefact brings home the IPv6 prefix routes', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  const routesIn = (namespace: string, device: string) => {
    settle(namespace)
    const { stdout } = runSync('ip', ['-n', namespace, '-6', 'route', 'show', 'dev', device])
    return stdout.replaceAll(/ expires \d+sec/g, ' expires')
  }
  const addressesOf = () =>
    testbed.onHost('-6 address show dev eth1').replaceAll(/\d+sec/g, 'some seconds')

  const advertise = (seconds: number) =>
    runSync('ip', ['netns', 'exec', testbed.cloud, 'python3', '-', `${seconds}`], {
      input: ADVERTISE,
    })

  it('of advertised prefixes, on the link or not', async () => {
    advertise(3600)
    await vi.waitFor(() => expect(addressesOf()).toMatch(/2001:db8:b:.* mngtmpaddr/))
    const [routes, addresses] = [routesIn(testbed.host, 'eth1'), addressesOf()]
    expect(routes).toMatch(/2001:db8:c::\/64 .*expires/)
    expect(routes).not.toContain('2001:db8:b::/64')
    expect(callPlugin(testbed, path, 'ADD')).toMatchObject({ exitCode: 0 })
    expect(routesIn(testbed.pod, 'net1')).not.toContain('2001:db8')
    expect(callPlugin(testbed, path, 'DEL')).toMatchObject({ exitCode: 0 })
    expect(routesIn(testbed.host, 'eth1')).toBe(routes)
    expect(addressesOf()).toBe(addresses)
    // The next one renews all of them.
    advertise(9000)
    const renewed = (words: string) =>
      testbed.onHost(`-6 ${words} dev eth1`).match(/ [89]\d{3}sec/g)
    await vi.waitFor(() => {
      expect(renewed('route show')).toHaveLength(2)
      expect(renewed('address show')).toHaveLength(2)
    })
    expect(routesIn(testbed.host, 'eth1')).toBe(routes)
    expect(addressesOf()).toBe(addresses)
  })

  it.each([
    ['', 'add'],
    [' metric 77', 'add'],
    [' nodad', 'add'],
    [' noprefixroute', 'add'],
    ['', 'change'],
    [' nodad', 'change'],
  ])('of an address with a peer%s, by ip address %s', (flag, last) => {
    for (const verb of new Set(['add', last]))
      testbed.onHost(`address ${verb} 2001:db8:1::47 peer 2001:db8:9::7/64 dev eth1${flag}`)
    const before = routesIn(testbed.host, 'eth1')
    expect(before.includes('2001:db8:9::/64')).toBe(last === 'change')
    expect(callPlugin(testbed, path, 'ADD')).toMatchObject({ exitCode: 0 })
    expect(routesIn(testbed.pod, 'net1').split('\n').toSorted()).toEqual(
      before.split('\n').toSorted(),
    )
    expect(callPlugin(testbed, path, 'DEL')).toMatchObject({ exitCode: 0 })
    expect(routesIn(testbed.host, 'eth1')).toBe(before)
  })

  it.each([
    ['198.51.100.5/24', '198.51.100.0/24', ''],
    ['198.51.100.5/24', '198.51.100.0/24', ' metric 5'],
    ['198.51.100.5 peer 192.0.2.9/24', '192.0.2.0/24', ''],
    ['2001:db8:1::5/64', '2001:db8:1::/64', ''],
  ])('and not that of %s if somebody deleted %s%s', (address, prefix, metric) => {
    const all = () => testbed.onHost(`${address.includes('::') ? '-6' : '-4'} route show dev eth1`)
    testbed.onHost(`address add ${address} dev eth1`)
    testbed.onHost(`route delete ${prefix} dev eth1`)
    if (metric) testbed.onHost(`route add ${prefix} dev eth1${metric}`)
    settle(testbed.host)
    const before = all()
    expect(callPlugin(testbed, path, 'ADD')).toMatchObject({ exitCode: 0 })
    expect(testbed.inPod('route show table all dev net1')).not.toMatch(`${prefix} proto kernel`)
    expect(callPlugin(testbed, path, 'DEL')).toMatchObject({ exitCode: 0 })
    expect(all()).toBe(before)
  })

  it.each(['2001:db8:1::9/64', '2001:db8:9::9/64'])(
    'and in mode apply leaves an interface the one that it had with %s',
    (address) => {
      testbed.onHost('address add 2001:db8:1::47 peer 2001:db8:9::7/64 dev eth1')
      testbed.onHost('route delete 2001:db8:1::/64 dev eth1')
      testbed.inPod('link add net1 type ifb')
      testbed.inPod('link set net1 up addrgenmode none')
      testbed.inPod(`address add ${address} dev net1 nodad`)
      const before = routesIn(testbed.pod, 'net1')
      const options = { configuration: { mode: 'apply' } }
      expect(callPlugin(testbed, path, 'ADD', options)).toMatchObject({ exitCode: 0 })
      for (const line of before.split('\n')) expect(routesIn(testbed.pod, 'net1')).toContain(line)
      expect(callPlugin(testbed, path, 'DEL', options)).toMatchObject({ exitCode: 0 })
      for (const line of before.split('\n')) expect(routesIn(testbed.pod, 'net1')).toContain(line)
    },
  )
})
