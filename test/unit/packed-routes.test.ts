import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeIntoResult } from '../../src/cni/merge.js'
import { textOfDocument, unpackResultRoutes } from '../../src/cni/packed-result.js'
import { encodeResult } from '../../src/cni/result.js'
import type { ResultAddress, ResultInterface, ResultRoute } from '../../src/cni/result-schema.js'
import { SUPPORTED_VERSIONS } from '../../src/cni/version.js'
import { addressListBytes, addressListText, addressText } from '../../src/kernel/ip-address.js'
import { encodeAttributes, u32 } from '../../src/kernel/netlink/attributes.js'
import { wordsOf } from '../../src/kernel/netlink/bytes.js'
import type { Family } from '../../src/kernel/netlink/common-schema.js'
import { RTA } from '../../src/kernel/netlink/constants.js'
import { copiesOf, encodeRequest, encodeRequests } from '../../src/kernel/netlink/message.js'
import { unpackRoutes } from '../../src/kernel/netlink/packed-routes.js'
import { DESTINATION_START, decodeRoute, newRouteRequest } from '../../src/kernel/netlink/route.js'
import { routePacker } from '../../src/kernel/netlink/route-packer.js'
import type { Nexthop, Route } from '../../src/kernel/netlink/route-schema.js'
import { unpacked } from '../../src/state/packed.js'
import { withRoutesAway } from '../../src/state/routes-away.js'
import type { HostNetworkState, PackedState } from '../../src/state/schema.js'

const SIZE = { inet: 4, inet6: 16 }
const FEWEST = 16

/** Addresses that are all different, and few of which are far from each other. */
const addressesOf = (family: Family, count = 60) =>
  fc.uniqueArray(fc.nat({ max: 400 }), { maxLength: count, minLength: 1 }).map((numbers) =>
    numbers
      .toSorted((one, other) => one - other)
      .map((number) => {
        const bytes = Buffer.alloc(SIZE[family], 10)
        bytes.writeUInt16BE(number, SIZE[family] - 3)
        bytes[SIZE[family] - 1] = 0
        return bytes
      }),
  )

const kindOf = (family: Family) =>
  fc
    .record({
      gateway: fc.constantFrom(1, 2, 3),
      priority: fc.constantFrom(undefined, 5),
      length: fc.constantFrom(24, 28),
      interfaceIndex: fc.constantFrom(7, 7, 7, 8),
      others: fc.constantFrom<Nexthop[]>([], [], [], [{ interfaceIndex: 9, weight: 1 }]),
    })
    .map(
      ({ gateway, priority, length, interfaceIndex, others }) =>
        (address: Buffer): Route => ({
          family,
          destination: `${addressText(address)}/${length}`,
          typeOfService: 0,
          table: 254,
          protocol: 4,
          scope: 0,
          type: 1,
          nexthops: [
            {
              interfaceIndex,
              weight: 1,
              gateway: family === 'inet' ? `192.0.2.${gateway}` : `2001:db8::${gateway}`,
            },
            ...others,
          ],
          ...(priority === undefined ? {} : { priority }),
        }),
    )

/** A table as the kernel lists it: in the order of destinations, some of which several routes have. */
const tableOf = (family: Family) =>
  fc
    .tuple(
      addressesOf(family),
      fc.array(kindOf(family), { minLength: 1, maxLength: 3 }),
      fc.infiniteStream(fc.nat()),
      fc.constantFrom(1, 5, 40),
    )
    .map(([addresses, kinds, numbers, seldom]) => {
      const next = () => numbers.next().value as number
      let kind = 0
      return addresses.flatMap((address) => {
        if (next() % seldom === 0) kind = next() % kinds.length
        const routes = [kinds[kind]?.(address) as Route]
        if (next() % 20 === 0) routes.push(kinds[next() % kinds.length]?.(address) as Route)
        // The kernel has no two that are the same.
        return routes.filter((route, n) => JSON.stringify(route) !== JSON.stringify(routes[n - 1]))
      })
    })

const table = fc.tuple(tableOf('inet'), tableOf('inet6'))
/** With default routes, of which several have one place. */
const defaults = fc
  .array(kindOf('inet'), { maxLength: 3 })
  .map((kinds) => kinds.map((kind) => ({ ...kind(Buffer.alloc(4)), destination: '0.0.0.0/0' })))
const tables = fc.tuple(defaults, table).map(([first, both]) => {
  const each = new Map(first.map((route) => [JSON.stringify(route), route]))
  return [...each.values(), ...both.flat()]
})

/** The datagrams in which the kernel would list routes. */
function datagramsOf(routes: Route[], atOnce: number) {
  const datagrams = []
  for (let n = 0; n < routes.length; n += atOnce) {
    const some = routes.slice(n, n + atOnce)
    const messages = some.map((route) => encodeRequest(newRouteRequest(route), 2, 7))
    const bytes = Buffer.from(new Uint8Array(Buffer.concat(messages)).buffer)
    datagrams.push({ bytes, words: wordsOf(bytes), messages })
  }
  return datagrams
}

/** Whether a route leads through the device, and through no other. */
const isAlone = ({ nexthops }: Route) => nexthops.length === 1 && nexthops[0]?.interfaceIndex === 7

function packAll(routes: Route[], atOnce: number, ofOthers: 'decoded' | 'dropped' = 'decoded') {
  const devices = ofOthers === 'decoded' ? [7, 8] : [7]
  const packer = routePacker({
    wanted: encodeAttributes(devices.map((device) => u32(RTA.outputInterface, device))),
    mayPack: isAlone,
  })
  for (const datagram of datagramsOf(routes, atOnce))
    for (let at = 0; at < datagram.bytes.length; )
      at = packer.take(datagram, at + 16, at + (datagram.words[at >> 2] as number))
  const packed = packer.packed()
  const rest = packer
    .rest()
    .map(({ datagram, start, end }) => decodeRoute({ data: datagram.bytes.subarray(start, end) }))
  return { packed, rest: rest as Route[] }
}

const withoutDestination = ({ destination, ...rest }: Route) =>
  JSON.stringify({ ...rest, length: destination.slice(destination.indexOf('/')) })

describe('packed routes', () => {
  it('are, with those that are not packed, all routes of the dump', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 1, max: 50 }), (routes, atOnce) => {
        const { packed, rest } = packAll(routes, atOnce)
        const each = [...packed.flatMap(unpackRoutes), ...rest]
        const texts = (all: Route[]) => all.map((one) => JSON.stringify(one)).toSorted()
        expect(texts(each)).toEqual(texts(routes.map((one) => decoded(one))))
      }),
    )
  })

  it('are those of which there are enough, and that share a destination with no other', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 1, max: 50 }), (routes, atOnce) => {
        const { packed } = packAll(routes, atOnce)
        const alone = routes.filter(
          (route) =>
            routes.filter(({ destination }) => destination === route.destination).length === 1,
        )
        const kinds = new Map<string, string[]>()
        for (const route of alone)
          if (isAlone(route)) {
            const kind = withoutDestination(route)
            kinds.set(kind, [...(kinds.get(kind) ?? []), route.destination])
          }
        const large = [...kinds.values()].filter((all) => all.length >= FEWEST)
        expect(
          packed.map((one) => unpackRoutes(one).map(({ destination }) => destination)).toSorted(),
        ).toEqual(large.toSorted())
      }),
    )
  })

  it('leave out what is of other devices, unless it shares a destination with one of the device', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 1, max: 50 }), (routes, atOnce) => {
        const isOwn = ({ nexthops }: Route) => nexthops[0]?.interfaceIndex === 7
        const { packed, rest } = packAll(routes, atOnce, 'dropped')
        const whole = packAll(routes, atOnce)
        expect(packed).toEqual(whole.packed)
        expect(rest.filter(isOwn)).toEqual(whole.rest.filter(isOwn))
        const sharing = ({ destination }: Route) =>
          routes.filter((one) => one.destination === destination)
        const isShared = (route: Route) => sharing(route).length > 1
        const isSharedWithOwn = (route: Route) => isShared(route) && sharing(route).some(isOwn)
        expect(rest.filter(isSharedWithOwn)).toEqual(whole.rest.filter(isSharedWithOwn))
        // Of others that share one among themselves, some are left.
        const isDefault = ({ destination }: Route) => destination.endsWith('/0')
        expect(rest.filter((one) => !isOwn(one) && !isShared(one) && !isDefault(one))).toEqual([])
      }),
    )
  })

  it('leave out what the kernel gives every other device, but for few', () => {
    const made = (destination: string, interfaceIndex: number, protocol: number): Route => ({
      ...{
        family: 'inet6',
        destination,
        typeOfService: 0,
        table: 254,
        protocol,
        scope: 0,
        type: 1,
      },
      ...{ nexthops: [{ interfaceIndex, weight: 1 }], priority: 256 },
    })
    const devices = fc.uniqueArray(fc.integer({ min: 5, max: 40 }), { minLength: 1 })
    fc.assert(
      fc.property(
        tables,
        devices,
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom('fe80::/64', 'ff00::/8', 'fe80::/10'),
        fc.constantFrom(2, 4),
        (others, all, atOnce, destination, protocol) => {
          const given = all.map((index) => made(destination, index, protocol))
          const { rest } = packAll([...others, ...given], atOnce, 'dropped')
          const left = rest.filter((one) => one.destination === destination)
          const own = left.filter(({ nexthops }) => nexthops[0]?.interfaceIndex === 7)
          expect(own).toHaveLength(all.includes(7) ? 1 : 0)
          const isOfEveryDevice = protocol === 2 && destination !== 'fe80::/10'
          const datagrams = Math.ceil((others.length + all.length) / atOnce)
          if (isOfEveryDevice) expect(left.length).toBeLessThanOrEqual(2 * datagrams + 1)
          else if (all.includes(7)) expect(left).toHaveLength(all.length)
        },
      ),
    )
  })

  it('keep their order where they are left as they are', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 1, max: 50 }), (routes, atOnce) => {
        const { rest } = packAll(routes, atOnce)
        const texts = routes.map((one) => JSON.stringify(decoded(one)))
        const places = rest.map((one) => texts.indexOf(JSON.stringify(one)))
        expect(places).toEqual(places.toSorted((one, other) => one - other))
      }),
    )
  })

  it('are sent as each alone would be', () => {
    fc.assert(
      fc.property(
        fc
          .constantFrom<Family>('inet', 'inet6')
          .chain((family) => fc.tuple(addressesOf(family), kindOf(family))),
        ([addresses, route]) => {
          const routes = addresses.map(route)
          const copies = copiesOf(newRouteRequest(routes[0] as Route), {
            start: DESTINATION_START,
            size: addresses[0]?.length as number,
            values: Buffer.concat(addresses),
          })
          const requests = routes.map((one) => newRouteRequest(one))
          const half = routes.length >> 1
          expect(copies(half, routes.length, 4, 9)).toEqual(
            encodeRequests(requests.slice(half), 4, 9),
          )
        },
      ),
    )
  })

  it('become, with those of a device that is away, the routes of the places that both have', () => {
    fc.assert(
      fc.property(tables, tables, (ours, theirs) => {
        const stateOf = (routes: Route[]): PackedState => {
          const { packed, rest } = packAll(routes, 20)
          const captured = <T>(value: T) => ({ value })
          return {
            ...{ addresses: [], rules: [], neighbors: [], sysctls: [] },
            routes: rest.map(captured),
            ...(packed.length ? { packed: packed.map(captured) } : {}),
          }
        }
        const [own, away] = [stateOf(ours), stateOf(theirs)]
        const sorted = ({ routes, shared = [] }: HostNetworkState) => [
          routes.map((one) => JSON.stringify(one)).toSorted(),
          shared.map((one) => JSON.stringify(one)).toSorted(),
        ]
        expect(sorted(unpacked(withRoutesAway(own, [away])))).toEqual(
          sorted(unpacked(withRoutesAway(unpacked(own), [unpacked(away)]))),
        )
      }),
    )
  })
})

const decoded = (route: Route) => decodeRoute({ data: newRouteRequest(route).header }) as Route

describe('a list of addresses', () => {
  it('has each as its text is alone', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Family>('inet', 'inet6').chain((family) =>
          fc.tuple(
            fc.constant(family),
            fc.array(
              fc
                .uint8Array({ minLength: SIZE[family], maxLength: SIZE[family] })
                .map((one) => Buffer.from(one)),
              { minLength: 1 },
            ),
          ),
        ),
        ([family, addresses]) => {
          const text = addressListText(Buffer.concat(addresses), family)
          expect(text.split(' ')).toEqual(addresses.map(addressText))
          expect(addressListBytes(text)).toEqual(Buffer.concat(addresses))
        },
      ),
    )
  })

  it.each([
    '10.0.0.0 ::1',
    '10.0.0.0  10.0.1.0',
    'x',
    '10.0.0.0 10.0.0',
    '1'.repeat(100),
    ' 10.0.0.0',
  ])('cannot be read from %j', (text) => expect(() => addressListBytes(text)).toThrow(TypeError))
})

const packedResult = fc
  .constantFrom<Family>('inet', 'inet6')
  .chain((family) =>
    fc.tuple(addressesOf(family), fc.constantFrom('192.0.2.1', undefined), fc.boolean()),
  )
  .map(([addresses, gw, hasTable]) => {
    const texts = addresses.map(addressText)
    const like: ResultRoute = {
      dst: `${texts[0]}/24`,
      ...(gw ? { gw } : {}),
      ...(hasTable ? { table: 254 } : {}),
    }
    return { like, addresses: texts.join(' ') }
  })

describe('a result with packed routes', () => {
  const contribution = fc.record({
    interface: fc.constant({ name: 'net1', sandbox: '/run/netns/x' }),
    ips: fc.constant<ResultAddress[]>([{ address: '10.9.9.9/24' }, { address: 'fd99::9/64' }]),
    routes: fc.array(
      fc.constantFrom({ dst: '0.0.0.0/0' }, { dst: '10.10.10.0/24', gw: '192.0.2.1' }),
    ),
    // No two are of the same gateway: they would share destinations.
    packed: fc.uniqueArray(packedResult, { maxLength: 2, selector: ({ like }) => like.gw }),
  })
  const previous = fc.option(
    fc.record({
      interfaces: fc.constant<ResultInterface[]>([{ name: 'a "name"\n' }]),
      routes: fc.array(
        fc.nat({ max: 50 }).map((n) => ({ dst: `10.10.${n}.0/24`, gw: '192.0.2.1', table: 254 })),
      ),
      dns: fc.constant({ nameservers: ['192.0.2.53'] }),
    }),
    { nil: undefined },
  )

  it('says the same as one that has each route by itself, in every version', () => {
    fc.assert(
      fc.property(
        previous,
        contribution,
        fc.constantFrom(...SUPPORTED_VERSIONS),
        (before, given, version) => {
          const { packed, ...rest } = given
          const alone = { ...rest, routes: [...rest.routes, ...packed.flatMap(unpackResultRoutes)] }
          const textOf = (part: typeof alone & { packed?: typeof packed }) =>
            textOfDocument(encodeResult(mergeIntoResult(before, part), version))
          const [ours, theirs] = [textOf(given), textOf(alone)].map((text) => JSON.parse(text))
          const inOrder = (all: object) => JSON.stringify(all).split('},').toSorted()
          expect({ ...ours, routes: 0 }).toEqual({ ...theirs, routes: 0 })
          expect(inOrder([ours.routes ?? [], {}])).toEqual(inOrder([theirs.routes ?? [], {}]))
        },
      ),
    )
  })

  it('looks as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(contribution, (given) => {
        const { packed, ...rest } = given
        const alone = { ...rest, routes: [...rest.routes, ...packed.flatMap(unpackResultRoutes)] }
        const { routes, ...others } = mergeIntoResult(undefined, { ...alone, ips: [] })
        const text = textOfDocument(mergeIntoResult(undefined, { ...given, ips: [] }))
        if (packed.length <= 1)
          expect(text).toBe(
            JSON.stringify({ ...others, ...(routes ? { routes } : {}) }, undefined, 4),
          )
      }),
    )
  })
})
