import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** What the kernel finds out about an IPv6 address on its link, or makes with it. */
describe.each(ARTEFACTS)('$artefact restores', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
  })
  afterEach(() => testbed[Symbol.dispose]())

  const addresses = () => testbed.onHost('-6 address show dev eth1')
  const lend = () => {
    expect(callPlugin(testbed, path, 'ADD')).toMatchObject({ exitCode: 0 })
    expect(callPlugin(testbed, path, 'DEL')).toMatchObject({ exitCode: 0 })
  }

  it('an address that is a duplicate as one, and not for use', async () => {
    batch(testbed.cloud, 'address add 2001:db8::66/64 dev eth1 nodad')
    testbed.run(testbed.host, 'sysctl -q -w net.ipv6.conf.eth1.accept_dad=1')
    batch(testbed.host, 'address add 2001:db8::66/64 dev eth1')
    const isDuplicate = () =>
      vi.waitFor(() => expect(addresses()).toMatch(/2001:db8::66\/64 .*dadfailed/), {
        timeout: 10_000,
      })
    await isDuplicate()
    lend()
    expect(addresses()).toMatch(/2001:db8::66\/64 .*tentative/)
    await isDuplicate()
  })

  it.each([
    ['where it has not seen the carrier yet', 'up'],
    ['without a carrier', 'down'],
  ])('the setting of temporary addresses, which the kernel changes %s', (_, carrier) => {
    testbed.run(testbed.host, 'sysctl -q -w net.ipv6.conf.eth1.use_tempaddr=2')
    // The kernel resets it, and the device comes up only after it is restored.
    testbed.run(testbed.host, 'sysctl -q -w net.ipv6.conf.eth1.accept_ra=2')
    const address = '2001:db8:a::5/64 dev eth1 mngtmpaddr valid_lft 7200 preferred_lft 3600'
    batch(testbed.host, `address add ${address}`)
    batch(testbed.cloud, `link set eth1 ${carrier}`)
    for (let life = 0; life < 6; life++) {
      lend()
      const setting = testbed.run(testbed.host, 'sysctl -n net.ipv6.conf.eth1.use_tempaddr')
      expect(setting.stdout.trim()).toBe('2')
    }
  })
})
