import fc from 'fast-check'

/**
 * A grammar of what an administrator can give a device, as the words of `ip`.
 * Within a state no two lines collide: everything is numbered by its position.
 */

const octet = fc.integer({ min: 1, max: 254 })
const protocol = fc.constantFrom('', ' proto static', ' proto dhcp', ' proto 201')
const table = fc.constantFrom('', ' table 100', ' table 70000')

/** The nth address of a state: each has a prefix of its own. */
const address4 = (n: number) =>
  fc
    .tuple(
      octet,
      fc.constantFrom(24, 25, 30, 32),
      fc.constantFrom('', ' broadcast +'),
      fc.constantFrom('', ` label eth1:${n}`),
      fc.constantFrom('', ' metric 77'),
      fc.constantFrom('', ' noprefixroute'),
      fc.constantFrom('', ' preferred_lft 0'),
    )
    .map(([host, length, broadcast, label, metric, flag, lifetime]) => ({
      local: `10.${n}.0.${host}`,
      words: `address add 10.${n}.0.${host}/${length}${length < 31 ? broadcast : ''} dev eth1${label}${metric}${flag}${lifetime}`,
    }))

const peer4 = (n: number) =>
  octet.map((host) => ({
    local: `10.${n}.1.${host}`,
    words: `address add 10.${n}.1.${host} peer 10.${n}.2.${host}/32 dev eth1`,
  }))

const address6 = (n: number) =>
  fc
    .tuple(
      octet,
      fc.constantFrom(64, 80, 128),
      fc.constantFrom('', ' nodad'),
      fc.constantFrom('', ' noprefixroute'),
      fc.constantFrom('', ' metric 77'),
      fc.constantFrom('', ' preferred_lft 0'),
    )
    .map(([host, length, detection, flag, metric, lifetime]) => ({
      local: `fd00:${n}::${host.toString(16)}`,
      words: `address add fd00:${n}::${host.toString(16)}/${length} dev eth1${metric}${detection}${flag}${lifetime}`,
    }))

/** A change of an IPv6 address with a peer makes a route to the prefix of the peer, too. */
const peer6 = (n: number) =>
  fc.tuple(octet, fc.constantFrom(64, 128), fc.boolean()).map(([host, length, isChanged]) => {
    const local = `fd00:${n}:1::${host.toString(16)}`
    const words = (verb: string) =>
      `address ${verb} ${local} peer fd00:${n}:2::7/${length} dev eth1`
    return { local, words: isChanged ? `${words('add')}\n${words('change')}` : words('add') }
  })

/** Of a prefix that is not on the link, as a router can advertise it. */
const offLink6 = (n: number) =>
  octet.map((host) => {
    const local = `fd00:${n}::${host.toString(16)}`
    const words = `address add ${local}/64 dev eth1 mngtmpaddr`
    return { local, words: `${words}\nroute delete fd00:${n}::/64 dev eth1 proto kernel` }
  })

const metrics = fc.constantFrom('', ' mtu 1400', ' mtu lock 1300 advmss 1200', ' initcwnd 20')

/** The nth route of a state, by a gateway that no other route has to make reachable. */
const route4 = (n: number) =>
  fc
    .tuple(
      fc.constantFrom(
        'dev eth1',
        'dev eth1 scope link',
        'via 192.0.2.1 dev eth1 onlink',
        'via inet6 fe80::1 dev eth1',
      ),
      fc.constantFrom('', ' metric 5', ' metric 4000000000'),
      table,
      protocol,
      fc.constantFrom('', ' tos 0x10'),
      metrics,
    )
    .map(([hop, ...rest]) => `route add 172.16.${n}.0/24 ${hop}${rest.join('')}`)

const multipath4 = (n: number) =>
  fc
    .tuple(fc.integer({ min: 1, max: 9 }), table, protocol)
    .map(
      ([weight, ...rest]) =>
        `route add 172.17.${n}.0/24${rest.join('')} nexthop via 192.0.2.1 dev eth1 weight ${weight} onlink nexthop via 192.0.2.2 dev eth1 onlink`,
    )

/** Several routes in one place; the first may look like one that the kernel makes. */
const appended4 = (n: number) =>
  fc
    .tuple(
      table,
      fc.uniqueArray(
        fc.constantFrom(
          'dev eth1 proto kernel scope link',
          'dev eth1 scope link',
          'dev eth1 scope link mtu 1400',
          'via 192.0.2.1 dev eth1 onlink',
          'via 192.0.2.2 dev eth1 onlink proto static',
        ),
        { minLength: 1, maxLength: 4 },
      ),
    )
    .map(([rest, hops]) =>
      hops.map((hop) => `route append 172.18.${n}.0/24 ${hop}${rest}`).join('\n'),
    )

/** The same of IPv6, where none is before another that was there first. */
const appended6 = (n: number) =>
  fc
    .tuple(
      table,
      fc.uniqueArray(
        fc.constantFrom('dev eth1', 'via fe80::1 dev eth1', 'via fd99::1 dev eth1 onlink'),
        { minLength: 1, maxLength: 3 },
      ),
    )
    .map(([rest, hops]) =>
      hops.map((hop) => `route append fd03:${n}::/48 ${hop}${rest}`).join('\n'),
    )

const route6 = (n: number) =>
  fc
    .tuple(
      fc.constantFrom('dev eth1', 'via fe80::1 dev eth1', 'via fd99::1 dev eth1 onlink'),
      fc.constantFrom('', ' metric 5'),
      table,
      protocol,
      fc.constantFrom('', ' pref high', ' pref low'),
      metrics,
    )
    .map(([hop, ...rest]) => `route add fd01:${n}::/48 ${hop}${rest.join('')}`)

/** Enough routes that are alike to be packed, one of which may share its place with another. */
const alike = (n: number) =>
  fc
    .tuple(
      fc.constantFrom(
        ...[
          [`172.19.${n}`, 'via 192.0.2.1 dev eth1 onlink'],
          [`172.19.${n}`, 'via inet6 fe80::1 dev eth1'],
          [`172.19.${n}`, 'dev eth1 scope link'],
        ],
        [`fd02:${n}:`, 'via fe80::1 dev eth1'],
      ),
      fc.constantFrom('', ' metric 5'),
      table,
      protocol,
      fc.constantFrom('', ' mtu 1400'),
      fc.constantFrom(undefined, 0, 7, 18),
    )
    .map(([[start = '', hop], metric, ...more]) => {
      const shared = more.pop()
      const to = (k: number) => (start.includes(':') ? `${start}:${k}/128` : `${start}.${k}/32`)
      const lines = Array.from(
        { length: 20 },
        (_, k) => `route add ${to(k)} ${hop}${metric}${more.join('')}`,
      )
      const other = `route append ${to(Number(shared))} ${hop} metric 9${more.join('')}`
      return [...lines, ...(shared === undefined ? [] : [other])].join('\n')
    })

const rule = (n: number, locals: string[]) =>
  fc
    .tuple(
      fc.constantFrom(...locals),
      fc.constantFrom('from', 'to'),
      fc.constantFrom('', ' fwmark 0x1/0xff', ' ipproto tcp dport 80-90'),
      fc.constantFrom('lookup 100', 'lookup 70000', 'prohibit'),
    )
    .map(
      ([local, direction, selector, action]) =>
        `rule add ${direction} ${local}${selector} ${action} priority ${1000 + n}`,
    )

/** By a gateway that is on the link when the route is added; a later rule may hide it. */
const gateway6 = (n: number) =>
  fc
    .tuple(fc.constantFrom('default', `fd05:${n}::/48`), table)
    .map(([to, where]) =>
      [
        `address add fd04:${n}::1/64 dev eth1 nodad`,
        `route add ${to} via fd04:${n}::9 dev eth1 metric ${50 + n}${where}`,
      ].join('\n'),
    )

/** With a colon, which tells that it is of IPv6. */
const hiding = (n: number) =>
  fc
    .tuple(fc.constantFrom('oif eth1', 'iif eth1'), fc.constantFrom('100', '70000'))
    .map(([selector, to]) => `rule add from ::/0 ${selector} lookup ${to} priority ${1000 + n}`)

const neighbor = (n: number) =>
  fc.constantFrom(
    `neighbour add 192.0.2.${n + 1} lladdr 02:00:00:00:00:0${n} dev eth1 nud permanent`,
    `neighbour add fd99::${n + 1} lladdr 02:00:00:00:00:0${n} dev eth1 nud permanent`,
  )

/** Up to some number of things, each made from its position. */
function some<T>(most: number, make: (n: number) => fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc
    .integer({ min: 0, max: most })
    .chain((count) =>
      count === 0
        ? fc.constant([])
        : fc.tuple(...Array.from({ length: count }, (_, n) => make(n + 1))),
    ) as fc.Arbitrary<T[]>
}

/** Lines for `ip -batch` that give eth1 a state of its own. */
export const randomState: fc.Arbitrary<string[]> = fc
  .record({
    addresses: some(5, (n) =>
      fc.oneof(address4(n), address4(n), address6(n), peer4(n), peer6(n), offLink6(n)),
    ),
    routes: some(6, (n) =>
      fc.oneof(
        route4(n),
        route6(n),
        multipath4(n),
        appended4(n),
        appended6(n),
        alike(n),
        gateway6(n),
      ),
    ),
    neighbors: some(3, neighbor),
  })
  .chain(({ addresses, routes, neighbors }) => {
    const locals = addresses.map(({ local }) => local)
    const rules = some(3, (n) =>
      locals.length === 0 ? hiding(n) : fc.oneof(rule(n, locals), hiding(n)),
    )
    return rules.map((lines) => [
      ...addresses.map(({ words }) => words),
      ...routes,
      ...neighbors,
      ...lines,
    ])
  })
