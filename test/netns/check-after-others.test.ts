import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { Chain, chained, searchPathFor } from '../support/chain.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** What later plugins do with a pod and with the result, and what the kernel does by itself. */
describe.each(ARTEFACTS)('CHECK: $artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, configuration: object = {}) =>
    callPlugin(testbed, path, command, { configuration: { cniVersion: '1.0.0', ...configuration } })
  const added = () => {
    const { exitCode, stdout, document } = call('ADD')
    expect(exitCode, stdout).toBe(0)
    return document
  }
  const check = (prevResult: object) => call('CHECK', { prevResult })
  const expectGood = (prevResult: object) => {
    const { exitCode, stdout } = check(prevResult)
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
  }
  const expectFault = (prevResult: object, fault: string) =>
    expect(check(prevResult).document).toMatchObject({
      code: 105,
      msg: expect.stringContaining(fault),
    })

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add default via 198.51.100.1 metric 100')
    testbed.onHost('route add default via 198.51.100.1 table 100')
    testbed.onHost('rule add from 198.51.100.5 lookup 100 priority 50')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('-6 route add default via 2001:db8::1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  const DEFAULTS = ['0.0.0.0/0', '::/0']
  const isDefault = ({ dst }: { dst: string }) => DEFAULTS.includes(dst)

  /** Multus 4.0 and 4.1, with `default-route` for another network of the pod. */
  it('has no objection to default routes that pod and result have lost', () => {
    const result = added()
    testbed.inPod('route delete default')
    testbed.inPod('-6 route delete default')
    // In the result, Multus knows no tables.
    result.routes = result.routes.filter((route: { dst: string }) => !isDefault(route))
    expectGood(result)
  })

  it('objects to a default route that only the pod has lost', () => {
    const result = added()
    testbed.inPod('route delete default')
    expectFault(result, 'route default via 198.51.100.1 dev net1 metric 100 is missing')
  })

  it('objects to one that is lost from one of two tables', () => {
    const result = added()
    testbed.inPod('route delete default table 100')
    expectFault(result, 'route default via 198.51.100.1 dev net1 table 100 is missing')
  })

  it('does not mind that an older runtime keeps only destination and gateway of a route', () => {
    const result = added()
    result.routes = result.routes.map(({ dst, gw }: { dst: string; gw?: string }) => ({ dst, gw }))
    expectGood(result)
    testbed.inPod('route delete default table 100')
    expectFault(result, 'route default via 198.51.100.1 dev net1 table 100 is missing')
  })

  it('has no objection to an address that pod and result have lost, with its routes', () => {
    const result = added()
    testbed.inPod('address delete 2001:db8::5/64 dev net1')
    testbed.inPod('-6 route flush default')
    result.ips = result.ips.filter(({ address }: { address: string }) => !address.includes(':'))
    result.routes = result.routes.filter(({ dst }: { dst: string }) => dst !== '::/0')
    expectGood(result)
    testbed.inPod('address delete 198.51.100.5/24 dev net1')
    expectFault(result, 'address 198.51.100.5/24 is missing')
  })

  it('has no objection to another name that the result has too', () => {
    const result = added()
    testbed.inPod('link set net1 name data0')
    expectFault(result, 'its name should be net1')
    result.interfaces[0].name = 'data0'
    expectGood(result)
    testbed.inPod('address delete 198.51.100.5/24 dev data0')
    expectFault(result, 'address 198.51.100.5/24 is missing')
  })

  it('finds an interface of another plugin under another name, too', () => {
    testbed.inPod('link add net1 type ifb')
    const interfaces = [{ name: 'net1', sandbox: testbed.sandboxPath }]
    const { document: result } = call('ADD', { prevResult: { cniVersion: '1.0.0', interfaces } })
    testbed.inPod('link set net1 name data0')
    result.interfaces[0].name = 'data0'
    expectGood(result)
  })

  it('has no objection to routes that `sbr` moved to a table of its own', () => {
    const chain = new Chain(
      testbed,
      {
        cniVersion: '1.0.0',
        name: 'lent',
        plugins: [chained(testbed, path, { ifName: undefined }), { type: 'sbr' }],
      },
      searchPathFor(testbed, path),
    )
    testbed.onHost('route delete default table 100')
    testbed.onHost('rule delete priority 50')
    chain.add()
    expect(testbed.inPod('route')).not.toContain('default')
    expect(testbed.inPod('route show table all')).toContain('default via 198.51.100.1 dev eth0')
    chain.check()
  })

  it('agrees with an address that has a peer', () => {
    testbed.onHost('address add 10.9.1.1 peer 10.9.1.2/32 dev eth1')
    const result = added()
    expectGood(result)
    testbed.inPod('address delete 10.9.1.1 peer 10.9.1.2/32 dev net1')
    expectFault(result, 'address 10.9.1.1 peer 10.9.1.2/32 is missing')
  })

  it('does not miss a route that has expired', async () => {
    testbed.onHost('-6 route add 2001:db8:7::/48 via 2001:db8::1 expires 4')
    const result = added()
    const isThere = () => {
      testbed.run(testbed.pod, 'sysctl -q -w net.ipv6.route.flush=1')
      return testbed.inPod('-6 route').includes('2001:db8:7::/48')
    }
    await expect.poll(isThere, { timeout: 20_000 }).toBe(false)
    expectGood(result)
  })
})
