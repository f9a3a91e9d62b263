import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { observeHost } from '../support/carried-state.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** The pod has a network already, with default routes of both families that have no metric. */
describe.each(ARTEFACTS)('a default route that the pod has already: $artefact', ({ path }) => {
  let testbed: Testbed
  const defaultsInPod = (family: string) =>
    testbed
      .inPod(`${family} route show default`)
      .split('\n')
      .map((line) => line.replace(/ pref medium/, '').trim())

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add default via 198.51.100.1')
    testbed.onHost('route add default via 198.51.100.2 metric 30')
    testbed.onHost('route add default via 198.51.100.1 table 100')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    testbed.onHost('-6 route add default via 2001:db8::1')
    testbed.inPod('link add eth0 type veth peer name eth0-peer')
    testbed.inPod('link set eth0 up')
    testbed.inPod('link set eth0-peer up')
    testbed.inPod('address add 10.22.0.5/24 dev eth0')
    testbed.inPod('address add 2001:db8:22::5/64 dev eth0 nodad')
    testbed.inPod('route add default via 10.22.0.1')
    testbed.inPod('-6 route add default via 2001:db8:22::1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('is named by the error, with its device and both ways around it', () => {
    const before = observeHost(testbed)
    const { exitCode, document } = callPlugin(testbed, path, 'ADD')
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({
      code: 102,
      msg:
        'cannot set route default via 198.51.100.1 dev net1 of net1 in ' +
        `sandbox ${testbed.sandboxPath}: File exists (EEXIST): ` +
        'in its place is the route default via 10.22.0.1 dev eth0',
      details:
        '"routes": { "default": false } carries all but default routes, and "routeMetric": 100 ' +
        'gives the carried routes another metric; the device is back on the host as eth1, up, ' +
        'with its addresses and routes',
    })
    expect(observeHost(testbed)).toEqual(before)
  })

  it('stays the only one with "routes": { "default": false }, and all else is carried', () => {
    const configuration = { routes: { default: false } }
    const { exitCode, stdout, document } = callPlugin(testbed, path, 'ADD', { configuration })
    expect(exitCode, stdout).toBe(0)
    expect(defaultsInPod('-4')).toEqual(['default via 10.22.0.1 dev eth0'])
    expect(defaultsInPod('-6')).toEqual(['default via 2001:db8:22::1 dev eth0 metric 1024'])
    expect(testbed.inPod('route show 203.0.113.0/24')).toContain('via 198.51.100.1 dev net1')
    expect(testbed.inPod('route show table 100')).toContain('default via 198.51.100.1 dev net1')
    const check = { configuration: { ...configuration, prevResult: document } }
    expect(callPlugin(testbed, path, 'CHECK', check)).toMatchObject({ exitCode: 0, stdout: '' })
  })

  it('gets the device’s routes beside it with routeMetric, which CHECK knows and DEL undoes', () => {
    const before = observeHost(testbed)
    const configuration = { routeMetric: 200 }
    const { exitCode, stdout, document } = callPlugin(testbed, path, 'ADD', { configuration })
    expect(exitCode, stdout).toBe(0)
    expect(defaultsInPod('-4')).toEqual([
      'default via 10.22.0.1 dev eth0',
      'default via 198.51.100.1 dev net1 metric 200',
      'default via 198.51.100.2 dev net1 metric 230',
    ])
    expect(defaultsInPod('-6').toSorted()).toEqual([
      'default via 2001:db8:22::1 dev eth0 metric 1024',
      'default via 2001:db8::1 dev net1 metric 200',
    ])
    expect(document.routes).toContainEqual({
      ...{ dst: '0.0.0.0/0', gw: '198.51.100.1', priority: 200, table: 254 },
    })
    const check = () =>
      callPlugin(testbed, path, 'CHECK', {
        configuration: { ...configuration, prevResult: document },
      }).exitCode
    expect(check()).toBe(0)
    testbed.inPod('route delete default via 198.51.100.1 metric 200')
    expect(check()).toBe(1)
    expect(callPlugin(testbed, path, 'DEL', { configuration }).stderr).toBe('')
    expect(observeHost(testbed)).toEqual(before)
  })
})
