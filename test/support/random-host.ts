import fc from 'fast-check'

/**
 * A grammar of a host with two devices, eth1 and eth2, whose routes meet in the same places, as the
 * words of `ip`. Not every line is possible after those before it: what `ip` refuses is not there.
 */

const device = fc.constantFrom('eth1', 'eth1', 'eth2')
const small = fc.integer({ min: 1, max: 3 })
const host = fc.integer({ min: 1, max: 9 })
const optional = (...words: string[]) => fc.constantFrom('', '', ...words.map((one) => ` ${one}`))

/** Each device has subnets of its own; several addresses may be in one. */
const net = (name: string, n: number) => (name === 'eth1' ? n : 100 + n)

const lifetimes = optional(
  'preferred_lft 0',
  'valid_lft 9000 preferred_lft 5000',
  'valid_lft 9000 preferred_lft 0',
)

const address4 = fc
  .tuple(
    ...[device, small, host, fc.constantFrom(24, 32)],
    ...[optional('scope link', 'label eth1:x'), optional('metric 77'), optional('noprefixroute')],
    lifetimes,
  )
  .map(([name, n, last, length, kind, ...rest]) => {
    const label = name === 'eth2' && String(kind).includes('label') ? '' : kind
    return `address add 10.${net(name as string, n as number)}.0.${last}/${length} dev ${name}${label}${rest.join('')}`
  })

const peer4 = fc
  .tuple(device, small, host, fc.constantFrom(24, 32))
  .map(
    ([name, n, last, length]) =>
      `address add 10.${net(name, n)}.9.${last} peer 10.${net(name, n)}.8.${last}/${length} dev ${name}`,
  )

const address6 = fc
  .tuple(device, small, host, fc.constantFrom(64, 128), optional('metric 77'), lifetimes)
  .map(
    ([name, n, last, length, metric, lifetime]) =>
      `address add fd00:${net(name, n)}::${last}/${length} dev ${name} nodad${metric}${lifetime}`,
  )

/** Addresses with other prefix routes than the kernel makes with them, and such a route without an address. */
const prefix6 = fc
  .tuple(device, small, host, optional('valid_lft 9000 preferred_lft 5000'))
  .chain(([name, n, last, lifetime]) => {
    const prefix = `fd00:${net(name, n)}`
    const peer = (verb: string) =>
      `address ${verb} ${prefix}:1::${last} peer ${prefix}:2::7/64 dev ${name} nodad${lifetime}`
    const offLink = [
      `address add ${prefix}:3::${last}/64 dev ${name} nodad mngtmpaddr${lifetime}`,
      `-6 route delete ${prefix}:3::/64 dev ${name} proto kernel`,
    ]
    const onLink = `-6 route add ${prefix}:4::/64 dev ${name} proto kernel metric 256`
    return fc.constantFrom([peer('add')], [peer('add'), peer('change')], offLink, [onLink])
  })
  .map((lines) => lines.join('\n'))

/** Of what two devices have in common, the kernel decides which is first: each has its own. */
const special = fc
  .tuple(
    device,
    fc.constantFrom(
      'address add 169.254.N.1/24 scope link',
      'address add fe80::N/64 nodad',
      'address add 239.1.1.N/32 autojoin',
      'address add ff05::N/128 autojoin',
      'address add 127.0.0.N/32 scope host',
    ),
  )
  .map(([name, words]) => `${words.replace('N', name === 'eth1' ? '33' : '44')} dev ${name}`)

const verb = fc.constantFrom('add', 'append', 'append', 'prepend')
const table = optional('table 100')
const difference = fc
  .tuple(
    optional('metric 5'),
    table,
    optional('proto static', 'proto dhcp'),
    optional('tos 0x10'),
    optional('mtu 1400'),
  )
  .map((words) => words.join(''))
const details = fc.oneof(fc.constant(''), difference)

const route4 = fc
  .tuple(verb, fc.integer({ min: 1, max: 2 }), device, small, host, device, details)
  .chain(([how, to, name, n, last, other, rest]) =>
    fc
      .tuple(
        fc.constantFrom('', '', ` via 10.${net(name, n)}.0.77`, ` via inet6 fe80::${last}`),
        fc.constantFrom('', '', '', ` src 10.${net(other, n)}.0.${last}`),
      )
      .map(([gateway, source]) => {
        const onlink = gateway.startsWith(' via 10') ? ' onlink' : ''
        return `route ${how} 172.16.${to}.0/24${gateway} dev ${name}${onlink}${source}${rest}`
      }),
  )

const multipath4 = fc
  .tuple(
    verb,
    fc.integer({ min: 1, max: 2 }),
    details,
    fc.array(device, { minLength: 2, maxLength: 3 }),
    optional('weight 3'),
  )
  .map(([how, to, rest, devices, weight]) => {
    const hops = devices.map(
      (name, n) => ` nexthop via 10.${net(name, 1)}.0.${80 + n} dev ${name}${weight} onlink`,
    )
    return `route ${how} 172.16.${to}.0/24${rest}${hops.join('')}`
  })

/** Of several nexthops the kernel reports the MTU of the first: all to a destination have the same. */
const mtu6 = (to: number) => (to === 2 ? ' mtu 1400' : '')

/**
 * Routes without a gateway have places of their own, or come last: `ip` does not show one that is
 * between the nexthops of another route, because the kernel passes over it.
 */
const route6 = fc
  .tuple(
    fc.constantFrom('add', 'append', 'append'),
    fc.integer({ min: 1, max: 2 }),
    device,
    table,
    fc.oneof(
      fc.tuple(fc.constantFrom(' via fe80::1', ' via fe80::2'), optional('metric 5')),
      fc.tuple(fc.constant(''), fc.constantFrom(' metric 7', ' metric 7 expires 9000')),
    ),
  )
  .map(
    ([how, to, name, rest, [gateway, metric]]) =>
      `-6 route ${how} fd01:${to}::/48${gateway} dev ${name}${rest}${mtu6(to)}${metric}`,
  )

const multipath6 = fc
  .tuple(fc.integer({ min: 1, max: 2 }), table, fc.array(device, { minLength: 2, maxLength: 3 }))
  .map(([to, rest, devices]) => {
    const hops = devices.map((name, n) => ` nexthop via fe80::${n + 1} dev ${name}`)
    return `-6 route add fd01:${to}::/48${rest}${mtu6(to)}${hops.join('')}`
  })

/** Nobody else has routes in their places, so that all nexthops have the same time left. */
const expiring6 = fc
  .tuple(host, fc.array(device, { minLength: 2, maxLength: 4 }), optional('expires 9000'))
  .map(([to, devices, time]) => {
    const hops = devices.map((name, n) => ` nexthop via fe80::${n + 1} dev ${name} weight ${n + 1}`)
    return `-6 route add fd06:${to}::/48 metric 70${time}${hops.join('')}`
  })

const last6 = fc
  .tuple(fc.integer({ min: 1, max: 2 }), device, table, optional('metric 5'))
  .map(
    ([to, name, rest, metric]) =>
      `-6 route append fd01:${to}::/48 dev ${name}${rest}${mtu6(to)}${metric}`,
  )

const connected = fc
  .tuple(
    fc.constantFrom('add', 'append'),
    device,
    small,
    host,
    fc.constantFrom(' table 100', ' mtu 1400'),
  )
  .map(([how, name, n, last, difference]) => {
    const words = `10.${net(name, n)}.0.0/24 dev ${name} proto kernel scope link src 10.${net(name, n)}.0.${last}`
    return `route ${difference === ' mtu 1400' ? 'change' : how} ${words}${difference}`
  })

const nexthop = fc
  .tuple(small, device, fc.constantFrom('', ' via fe80::1', ' proto static'))
  .map(
    ([id, name, words]) =>
      `${words.includes(':') ? '-6 ' : ''}nexthop add id ${id}${words} dev ${name}`,
  )

const nexthop6 = fc
  .tuple(fc.integer({ min: 4, max: 6 }), fc.constantFrom(1, 2))
  .map(([id, last]) => `-6 nexthop add id ${id} via fe80::${last} dev eth1`)

const group = fc
  .tuple(small, fc.uniqueArray(small, { minLength: 1, maxLength: 3 }))
  .map(([id, members]) => `nexthop add id ${10 + id} group ${members.join('/')}`)

const byObject = fc
  .tuple(verb, fc.integer({ min: 1, max: 2 }), fc.constantFrom(1, 2, 3, 11, 12, 13), details)
  .map(([how, to, id, rest]) => `route ${how} 172.16.${to}.0/24 nhid ${id}${rest}`)

/** Of both devices, in one place, the kernel would decide on the order. */
const byObject6 = fc
  .tuple(
    ...[fc.constantFrom('nhid 4', 'nhid 5', 'nhid 6', 'via fe80::1 dev eth1')],
    ...[optional('proto static'), optional('metric 5')],
  )
  .map((words) => `-6 route append fd02:1::/48 ${words.join('')}`)

const neighbor = fc
  .tuple(
    device,
    fc.constantFrom('10.1.0', 'fd00:1:'),
    host,
    fc.constantFrom('permanent', 'noarp', 'stale', 'reachable'),
  )
  .map(
    ([name, prefix, last, state]) =>
      `neighbour replace ${prefix}${prefix.includes(':') ? ':' : '.'}${last} lladdr 02:00:00:00:00:0${last} dev ${name} nud ${state}`,
  )

const proxy = fc
  .tuple(device, host)
  .map(([name, last]) => `neighbour add proxy 10.1.0.${last} dev ${name}`)

const token = device.map((name) => `token set ::77 dev ${name}`)

const rule = fc
  .tuple(small, host, fc.constantFrom('from', 'to'))
  .map(
    ([n, last, direction]) => `rule add ${direction} 10.${n}.0.${last} lookup 100 priority 5${n}`,
  )

/** By gateways that are on the link when the routes are added: what comes later may hide them. */
const hidden = fc
  .tuple(
    ...[device, small, fc.constantFrom('oif DEV', 'oif DEV', 'iif DEV', 'to NET', 'from NET')],
    fc.constantFrom('lookup 100', 'lookup 100', 'lookup 101', 'prohibit'),
    fc.array(fc.constantFrom('default table 100', 'fd04:N::/48 table 101', 'fd04:N::/48', 'nhid'), {
      minLength: 2,
      maxLength: 4,
    }),
  )
  .map(([name, n, selector, action, ways]) => {
    const subnet = `fd07:${net(name, n)}`
    const way = (words: string, k: number) =>
      words === 'nhid'
        ? `-6 nexthop add id ${20 + net(name, n) + 5 * k} via ${subnet}::7${k} dev ${name}`
        : `-6 route append ${words.replace('N', `${k}`)} via ${subnet}::7${k} dev ${name} metric ${50 + net(name, n)}`
    const whose = selector.replace('DEV', name).replace('NET', `${subnet}::/64`)
    return [
      `-6 address add ${subnet}::1/64 dev ${name} nodad`,
      ...ways.map(way),
      `-6 rule add ${whose} ${action} priority 8${n}`,
    ].join('\n')
  })

const family = fc.constantFrom('', '-6 ', '-6 ')

const pathless = fc
  .tuple(family, fc.constantFrom('unreachable', 'blackhole', 'prohibit'))
  .map(([start, type]) => `${start}route add ${type} default table 100 metric 60`)

const hiding = fc
  .tuple(
    ...[family, small],
    fc.constantFrom('oif eth1', 'oif eth2', 'iif eth1', 'from all', 'to NET', 'from NET'),
    fc.constantFrom('100', '101'),
  )
  .map(([start, n, selector, where]) => {
    const subnet = start === '' ? `10.${n}.0.0/24` : `fd00:${n}::/64`
    return `${start}rule add ${selector.replace('NET', subnet)} lookup ${where} priority 7${n}`
  })

const lines = (most: number, ...kinds: fc.Arbitrary<string>[]) =>
  fc.array(fc.oneof(...kinds), { maxLength: most })

/** Lines for `ip -force -batch`, addresses first. */
export const randomHost: fc.Arbitrary<string[]> = fc
  .tuple(
    lines(7, address4, address4, peer4, address6, prefix6, special),
    lines(5, nexthop, nexthop, nexthop6, group),
    lines(
      9,
      route4,
      route4,
      multipath4,
      route6,
      multipath6,
      expiring6,
      connected,
      byObject,
      byObject6,
    ),
    lines(2, last6),
    lines(2, hidden),
    lines(2, pathless, hiding, hiding),
    lines(4, neighbor, neighbor, proxy, token, rule),
  )
  .map((parts) => parts.flat().flatMap((line) => line.split('\n')))
