import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { withBuses } from '../support/buses.js'
import { Chain, type ConfigurationList, chainErrorOf, searchPathFor } from '../support/chain.js'
import { EXAMPLES, exampleFor, isStock, readExample } from '../support/examples.js'
import { Testbed } from '../support/testbed.js'

/** What the device plugin of an example chooses. */
const DEVICE_ID = '0000:ff:1f.7'

/**
 * CRI-O calls CHECK right after ADD, with the result of the whole chain, and starts no pod if it
 * fails. Every example has to pass that, by libcni's rules and with Debian's plugins.
 */
describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed
  const chainOf = (list: ConfigurationList) =>
    new Chain(
      testbed,
      list,
      searchPathFor(testbed, path),
      { deviceID: DEVICE_ID },
      { wrapper: withBuses([`pci/devices/${DEVICE_ID}/net/eth1`]) },
    )

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 10.128.0.5/32 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add default via 198.51.100.1 metric 100')
    testbed.onHost('-6 route add default via 2001:db8::1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 100')
    testbed.onHost('rule add from 198.51.100.5 lookup 100 priority 50')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each(EXAMPLES)('%s: ADD, CHECK and DEL', (file) => {
    const chain = chainOf(exampleFor(testbed, path, file))
    chain.add()
    chain.check()
    chain.delete()
    expect(testbed.onHost('link')).toContain('eth1@')
    expect(testbed.inPod('link')).not.toMatch(/eth0|net1/)
    expect(testbed.inPod('rule')).not.toContain('lookup 100')
  })

  it.each(EXAMPLES)('%s: CHECK of this plugin agrees, whatever the others say', (file) => {
    const list = exampleFor(testbed, path, file)
    const chain = chainOf(list)
    chain.add()
    const plugins = list.plugins.filter((plugin) => !isStock(plugin))
    const own = chainOf({ ...list, plugins, disableCheck: false })
    own.cachedResult = chain.cachedResult
    own.check()
    chain.delete()
  })

  const ofSeveral = EXAMPLES.flatMap((file) =>
    (readExample(file).cniVersions ?? []).map((cniVersion) => ({ file, cniVersion })),
  )

  it.each(ofSeveral)('$file in CNI $cniVersion', ({ file, cniVersion }) => {
    const chain = chainOf({ ...exampleFor(testbed, path, file), cniVersion })
    expect(chain.add()).toMatchObject({ cniVersion })
    chain.check()
    if (cniVersion === '1.1.0') {
      chain.status()
      chain.collectGarbage([])
    } else chain.delete()
    expect(testbed.onHost('link')).toContain('eth1@')
  })

  const disabled = EXAMPLES.filter((file) => readExample(file).disableCheck)

  it.each(disabled)('%s disables CHECK because another plugin cannot agree', (file) => {
    const list = { ...exampleFor(testbed, path, file), disableCheck: false }
    const chain = chainOf(list)
    chain.add()
    const [stock] = list.plugins.filter(isStock)
    expect(chainErrorOf(() => chain.check()).message).toContain(
      `plugin type="${stock?.type}" failed (check)`,
    )
    chain.delete()
  })
})
