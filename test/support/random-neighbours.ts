import fc from 'fast-check'

/** A grammar of IPv4 routes of two plugins, which meet in the same places of one interface. */

const optional = (...words: string[]) =>
  fc.constantFrom('', '', '', ...words.map((one) => ` ${one}`))
const gateway = fc.integer({ min: 1, max: 3 }).map((last) => ` via 198.51.100.${last}`)
const weight = optional('weight 3')

const route = fc
  .tuple(
    fc.constantFrom('add', 'append', 'append'),
    fc.constantFrom('203.0.114.0/24', '203.0.115.0/24'),
    fc.tuple(optional('metric 50'), optional('proto 186'), optional('mtu 1300', 'mtu 1400')),
    fc.oneof(
      fc.tuple(gateway, optional('onlink')).map(([via, onlink]) => [`${via} dev DEVICE${onlink}`]),
      fc.constant([' dev DEVICE']),
      fc
        .array(fc.tuple(gateway, weight), { minLength: 2, maxLength: 3 })
        .map((hops) => hops.map(([via, more]) => ` nexthop${via} dev DEVICE${more}`)),
    ),
  )
  .map(([how, to, rest, hops]) => `route ${how} ${to}${rest.join('')}${hops.join('')}`)

const routes = (minLength: number) => fc.array(route, { minLength, maxLength: 3 })

/**
 * Lines for `ip -force -batch`, without the device: what another plugin gave the interface, what the
 * device has on the host, and what somebody removes in between.
 */
export const randomNeighbours = fc
  .record({
    others: routes(1),
    carried: routes(1),
    isRemoved: fc.array(fc.boolean(), { maxLength: 3 }),
  })
  .map(({ others, carried, isRemoved }) => ({
    others,
    carried,
    removed: carried.flatMap((line, n) =>
      isRemoved[n] ? [line.replace(/route \w+/, 'route delete')] : [],
    ),
  }))
