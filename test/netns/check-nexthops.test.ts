import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** CHECK looks for all that ADD gave, and the repair before it puts that back. */
describe.each(ARTEFACTS)('CHECK of each part: $artefact', ({ path }) => {
  let testbed: Testbed
  let mode: string
  const call = (command: string, configuration: object = {}) =>
    callPlugin(testbed, path, command, {
      configuration: { cniVersion: '1.0.0', mode, ...configuration },
    })
  const add = () => {
    const { exitCode, stdout, document } = call('ADD')
    expect(exitCode, stdout).toBe(0)
    return document
  }
  const check = (prevResult: object, repairOnCheck = false) =>
    call('CHECK', { prevResult, repairOnCheck })
  const place = () => testbed.inPod('-6 route show fd00:7::/32 table all')
  const DESTINATION = 'route add fd00:7::/32'
  const hops = (device: string, ...all: number[]) =>
    all.map((n) => `nexthop via 2001:db8::${n} dev ${device}`).join(' ')

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.run(testbed.pod, 'sysctl -q -w net.ipv6.conf.default.accept_dad=0')
  })
  afterEach(() => testbed[Symbol.dispose]())

  describe('of a device that was moved', () => {
    beforeEach(() => {
      mode = 'move'
      testbed.onHost(`${DESTINATION} ${hops('eth1', 2, 3, 4)}`)
    })

    it.each([2, 3, 4])('finds and puts back the nexthop ::%i', (n) => {
      const result = add()
      const before = place()
      expect(check(result).exitCode).toBe(0)
      testbed.inPod(`route delete fd00:7::/32 via 2001:db8::${n}`)
      expect(check(result).document).toMatchObject({
        code: 105,
        msg: expect.stringContaining('route fd00:7::/32'),
      })
      const repaired = check(result, true)
      expect(repaired.exitCode, repaired.stdout).toBe(0)
      expect(place()).toBe(before)
      expect(check(result).exitCode).toBe(0)
    })

    it('finds each in whatever route and table it is', () => {
      testbed.onHost('route add fd00:7::/32 via 2001:db8::4 metric 77')
      const result = add()
      testbed.inPod(`route append fd00:7::/32 ${hops('net1', 9)}`)
      expect(check(result).exitCode).toBe(0)
      testbed.inPod('route delete fd00:7::/32 via 2001:db8::4 metric 1024')
      expect(check(result).document).toMatchObject({ code: 105 })
      testbed.inPod('route add fd00:7::/32 via 2001:db8::4 table 100')
      expect(check(result).exitCode).toBe(0)
    })

    it('looks for none of a route that is no longer reported', () => {
      const { routes, ...result } = add()
      const others = routes.filter(({ dst }: { dst: string }) => dst !== 'fd00:7::/32')
      testbed.inPod('route delete fd00:7::/32 via 2001:db8::3')
      expect(check({ ...result, routes: others }).exitCode).toBe(0)
    })
  })

  describe('of an interface of another plugin', () => {
    beforeEach(() => {
      mode = 'apply'
      testbed.onHost(`${DESTINATION} ${hops('eth1', 4, 3)}`)
      testbed.inPod('link add net1 type ifb')
      testbed.inPod('link set net1 up')
      testbed.inPod('address add 2001:db8::7/64 dev net1')
    })

    it.each([[[3]], [[4]], [[3, 4]]])(
      'puts back the nexthops ::%j, of which ::4 was there',
      (gone) => {
        testbed.inPod(`${DESTINATION} ${hops('net1', 4)}`)
        const before = place()
        const result = add()
        const both = place()
        for (const n of gone) testbed.inPod(`route delete fd00:7::/32 via 2001:db8::${n}`)
        expect(check(result).document).toMatchObject({ code: 105 })
        const repaired = check(result, true)
        expect(repaired.exitCode, repaired.stdout).toBe(0)
        expect(
          place()
            .match(/2001:db8::\d/g)
            ?.toSorted(),
        ).toEqual(both.match(/2001:db8::\d/g)?.toSorted())
        expect(call('DEL').exitCode).toBe(0)
        expect(place()).toBe(before)
      },
    )

    it('puts back what the interface had before ADD', () => {
      testbed.inPod('address add 2001:db8::5/64 dev net1')
      testbed.inPod('address add 198.51.100.5/24 dev net1')
      testbed.inPod(`${DESTINATION} ${hops('net1', 4)}`)
      const result = add()
      for (const state of ['down', 'up']) testbed.inPod(`link set net1 ${state}`)
      testbed.inPod('address delete 198.51.100.5/24 dev net1')
      expect(check(result).document).toMatchObject({ code: 105 })
      const repaired = check(result, true)
      expect(repaired.exitCode, repaired.stdout).toBe(0)
      expect(testbed.inPod('address show dev net1')).toMatch(/198.51.100.5[\s\S]*2001:db8::5/)
      expect(check(result).exitCode).toBe(0)
      expect(call('DEL').exitCode).toBe(0)
      expect(testbed.inPod('address show dev net1')).toMatch(/198.51.100.5[\s\S]*2001:db8::5/)
    })
  })
})
