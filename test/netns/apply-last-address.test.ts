import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { callPlugin } from '../support/plugin.js'
import { tampered, traceCalls } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

const MODE = { cniVersion: '1.0.0', mode: 'apply' }

/**
 * With the last IPv4 address of an interface the kernel takes off all of its IPv4 routes, and with a
 * primary address its secondary ones. What another plugin gave the interface stays all the same.
 */
describe.each(ARTEFACTS)('apply, and the last address: $artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, wrapper: string[] = []) =>
    callPlugin(testbed, path, command, { configuration: MODE, wrapper })
  const add = () => {
    const { exitCode, stdout } = call('ADD')
    expect(exitCode, stdout).toBe(0)
  }
  const inPod = (...lines: string[]) => lines.map((line) => testbed.inPod(line))
  const pod = () => inPod('-4 address show', '-4 route show table all', '-6 route show table all')

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 198.51.100.6/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    for (const name of ['net1', 'eth0']) {
      testbed.inPod(`link add ${name} type ifb`)
      testbed.inPod(`link set ${name} up addrgenmode none`)
    }
  })
  afterEach(() => testbed[Symbol.dispose]())

  describe('of an interface without an IPv4 address of its own', () => {
    beforeEach(() => {
      inPod('address add 192.0.2.7/24 dev eth0')
      inPod('route add 169.254.1.1 dev net1', 'route add default via 169.254.1.1 dev net1')
      inPod('route add default via 169.254.1.1 dev net1 table 100 metric 7 mtu 1400')
      inPod('route add local 10.9.0.0/16 dev net1 table local')
      // In one place, before and after one of another interface.
      inPod('route add 10.7.0.0/16 dev net1', 'route append 10.7.0.0/16 dev eth0')
      inPod('route append 10.7.0.0/16 via 169.254.1.1 dev net1')
      inPod('route add 10.8.0.0/16 nexthop via 192.0.2.1 dev eth0 nexthop via 169.254.1.1 dev net1')
      inPod('route add 10.6.0.0/16 nexthop dev net1 nexthop via 169.254.1.1 dev net1')
      inPod('nexthop add id 7 via 169.254.1.1 dev net1', 'route add 10.5.0.0/16 nhid 7')
    })

    it('leaves its routes', () => {
      const before = pod()
      add()
      const { exitCode, stderr } = call('DEL')
      expect(exitCode, stderr).toBe(0)
      expect(pod()).toEqual(before)
      expect(stderr).toBe('')
    })

    it('leaves them, too, where ADD fails', () => {
      testbed.onHost('route add default via 198.51.100.1')
      const before = pod()
      expect(call('ADD').document).toMatchObject({ code: 102 })
      expect(pod()).toEqual(before)
    })

    it('leaves as many as 600, also where the call is killed behind the removal', () => {
      const many = Array.from({ length: 600 }, (_, n) => `10.20.${n >> 8}.${n & 255}`)
      batch(testbed.pod, ...many.map((one) => `route add ${one} via 169.254.1.1 dev net1 metric 5`))
      const [, before] = pod()
      add()
      const { calls } = traceCalls(testbed, path, 'DEL', 'sendto', { configuration: MODE })
      const bytes = calls.map((line) => Number(/, (\d+), 0, \{sa_family/.exec(line)?.[1]))
      const removal = bytes.findIndex((length) => length > 10_000)
      expect(removal).toBeGreaterThan(0)
      expect(pod()[1]).toEqual(before)
      add()
      const when = `inject=sendto:signal=KILL:when=${removal + 2}`
      expect(call('DEL', tampered('-e', when)).exitCode).not.toBe(0)
      // What shares its place with a route of another interface is put back in a later datagram.
      const apart = (routes = '') => routes.split('\n').filter((line) => !line.includes('10.7.0.0'))
      expect(apart(pod()[1])).toEqual(apart(before))
      expect(call('DEL').exitCode).toBe(0)
    })

    it('warns of a route that needs an address of ADD', () => {
      const before = pod()
      add()
      inPod('route add 10.4.0.0/16 dev net1 src 198.51.100.5')
      inPod('route add 10.3.0.0/16 via 198.51.100.1')
      const { exitCode, stderr } = call('DEL')
      expect(exitCode, stderr).toBe(0)
      expect(stderr).toContain(
        'the route 10.4.0.0/16 dev net1 scope link src 198.51.100.5 is gone with',
      )
      expect(stderr).toContain('the route 10.3.0.0/16 via 198.51.100.1 dev net1 is gone with')
      expect(pod()).toEqual(before)
    })
  })

  it.each([0, 1])('leaves a secondary address, with promote_secondaries=%i', (promoted) => {
    const sysctl = `sysctl -q -w net.ipv4.conf.all.promote_secondaries=${promoted}`
    testbed.run(testbed.pod, `${sysctl} net.ipv4.conf.net1.promote_secondaries=${promoted}`)
    add()
    inPod('address add 198.51.100.9/24 dev net1', 'route add 10.3.0.0/16 via 198.51.100.1')
    inPod('route add 10.4.0.0/16 dev net1 src 198.51.100.9')
    const { exitCode, stderr } = call('DEL')
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toBe('')
    const [addresses, routes] = pod()
    expect(addresses).toContain('inet 198.51.100.9/24 scope global net1')
    expect(addresses).not.toContain('198.51.100.5')
    expect(routes).toContain('10.3.0.0/16 via 198.51.100.1 dev net1')
    expect(routes).toContain('10.4.0.0/16 dev net1 scope link src 198.51.100.9')
    expect(routes).not.toContain('203.0.113.0/24')
  })
})
