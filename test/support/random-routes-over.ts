import fc from 'fast-check'

/**
 * A grammar of IPv4 routes that several devices have in common, as the words of `ip`: each device n is
 * `ethN` with the address 10.N.0.1/24. What `ip` refuses after the lines before it is not there.
 */
export function randomRoutesOver(devices: number[]): fc.Arbitrary<string[]> {
  const device = fc.constantFrom(...devices)
  const several = fc.shuffledSubarray(devices, { minLength: 2 })
  const weight = fc.integer({ min: 1, max: 4 })
  /** Few places, so that routes meet there. */
  const place = fc.constantFrom(
    '198.18.1.0/24',
    '198.18.1.0/24',
    '198.18.2.0/24 table 101 metric 7',
  )
  const source = fc.oneof(
    fc.constant(''),
    device.map((n) => ` src 10.${n}.0.1`),
  )
  const how = fc.constantFrom('append', 'append', 'prepend')

  const single = fc
    .tuple(how, place, device, fc.integer({ min: 3, max: 5 }), source)
    .map(
      ([verb, to, n, last, from]) => `route ${verb} ${to} via 10.${n}.0.${last} dev eth${n}${from}`,
    )

  const multipath = fc
    .tuple(
      how,
      place,
      several.chain((some) => fc.tuple(...some.map((n) => fc.tuple(fc.constant(n), weight)))),
      source,
    )
    .map(([verb, to, hops, from]) => {
      const words = hops.map(([n, of]) => ` nexthop via 10.${n}.0.9 dev eth${n} weight ${of}`)
      return `route ${verb} ${to}${from}${words.join('')}`
    })

  const group = (id: number) =>
    fc
      .tuple(several, weight)
      .map(([[first, ...others], of]) => [`1${first},${of}`, ...others.map((n) => `1${n},1`)])
      .map((members) => `nexthop add id ${id} group ${members.join('/')}`)

  const byObject = fc
    .tuple(how, place, fc.constantFrom(601, 601, 602, ...devices.map((n) => 10 + n)))
    .map(([verb, to, id]) => `route ${verb} ${to} nhid ${id}`)

  const objects = devices.map((n) => `nexthop add id 1${n} via 10.${n}.0.22 dev eth${n}`)
  const routes = (...kinds: fc.Arbitrary<string>[]) =>
    fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 4 })
  return fc.oneof(
    routes(single, single, multipath),
    fc
      .tuple(group(601), group(602), routes(byObject, byObject, single, multipath))
      .map(([one, other, some]) => [...objects, one, other, ...some]),
  )
}
