import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { LONG } from '../support/length.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const PLACES = LONG ? 150 : 12

const PLACE = '2001:db8:f0::/64'
/** As /proc/net/ipv6_route has it. */
const PLACE_IN_HEX = `${'20010db800f0'.padEnd(32, '0')} 40 `

/** The place of one IPv6 route, in which the kernel lists nothing that is between two nexthops. */
describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
    testbed.addDevice('eth3')
  })
  afterEach(() => testbed[Symbol.dispose]())

  const append = (...hops: string[]) =>
    batch(
      testbed.host,
      ...hops.map(
        (hop) => `route append ${hop === 'blackhole' ? `${hop} ${PLACE}` : `${PLACE} ${hop}`}`,
      ),
    )
  const listed = () => testbed.onHost(`-6 route show ${PLACE}`)
  /** All that there is, listed or not, in its order: gateways and devices. */
  const there = () =>
    testbed
      .run(testbed.host, 'cat /proc/net/ipv6_route')
      .stdout.split('\n')
      .filter((line) => line.startsWith(PLACE_IN_HEX))
      .map((line) => line.split(/ +/))
      .map((words) => `${words[4]} ${words.at(-1)}`)
  const lendAndReturn = () => {
    const { exitCode, stdout } = callPlugin(testbed, path, 'ADD')
    expect(exitCode, stdout).toBe(0)
    expect(callPlugin(testbed, path, 'DEL')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(testbed.filesIn('outstanding')).toEqual([])
  }

  it.each([
    ['another device’s', ['dev eth3']],
    ['that of another device of the nexthops', ['dev eth2']],
    ['its own', ['dev eth1']],
    ['the host’s', ['blackhole']],
    ['all of these', ['dev eth2', 'blackhole', 'dev eth3']],
  ])('lists the route after the nexthops as before: %s', (_, routes) => {
    append('nexthop via fe80::2 dev eth1 nexthop via fe80::2 dev eth2', ...routes)
    const before = { listed: listed(), there: there() }
    lendAndReturn()
    expect({ listed: listed(), there: there() }).toEqual(before)
  })

  it('has a nexthop back before which is a route that was in no list', () => {
    append('via fe80::4 dev eth2', 'dev eth3', 'via fe80::2 dev eth1')
    const before = there()
    expect(listed()).not.toContain('dev eth3')
    lendAndReturn()
    expect(there().toSorted()).toEqual(before.toSorted())
    expect(listed()).toContain('dev eth3')
  })

  it('leaves behind a nexthop what would come back as another route', () => {
    append('nexthop via fe80::2 dev eth1 nexthop via fe80::2 dev eth2', 'dev eth3 expires 900')
    const before = there()
    lendAndReturn()
    expect(there().toSorted()).toEqual(before.toSorted())
    testbed.onHost(`-6 route delete ${PLACE} via fe80::2 dev eth2`)
    expect(listed()).toMatch(/dev eth3 .*expires/)
  })

  it(`has all of ${PLACES} random places back`, () => {
    const device = fc.constantFrom('eth1', 'eth2', 'eth3')
    const gateway = fc
      .tuple(fc.constantFrom('fe80::1', 'fe80::2'), device)
      .map(([address, name]) => `via ${address} dev ${name}`)
    const other = fc.constantFrom('dev eth2', 'dev eth3', 'blackhole')
    const place = fc.record({
      hops: fc.uniqueArray(fc.oneof(gateway, gateway, other), { minLength: 1, maxLength: 7 }),
      // What is the device's own and in no list is lost with it.
      last: fc.constantFrom([], ['dev eth1']),
    })
    const gateways = (parts: string[]) => parts.filter((part) => !part.startsWith('0'.repeat(32)))
    const alone = (words: string) =>
      words.split('\n').filter((line) => line.includes(' dev ') && !line.includes(' via '))
    const property = fc.property(place, ({ hops, last }) => {
      try {
        append(...hops, ...last)
        const before = { there: there(), listed: alone(listed()) }
        lendAndReturn()
        expect(there().toSorted()).toEqual(before.there.toSorted())
        expect(gateways(there())).toEqual(gateways(before.there))
        expect(alone(listed())).toEqual(expect.arrayContaining(before.listed))
      } finally {
        testbed.onHost(`-6 route flush ${PLACE}`)
        for (const name of ['eth1', 'eth2', 'eth3']) testbed.onHost(`link set ${name} down`)
        for (const name of ['eth1', 'eth2', 'eth3']) testbed.onHost(`link set ${name} up`)
        testbed.onHost(`-6 route flush ${PLACE}`)
      }
    })
    fc.assert(property, { numRuns: PLACES })
  }, 240_000)
})
