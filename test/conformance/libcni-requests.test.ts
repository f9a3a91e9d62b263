import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BOTH_ARTEFACTS } from '../support/artefacts.js'
import { withBuses } from '../support/buses.js'
import {
  Chain,
  type ChainedPlugin,
  chainErrorOf,
  chained,
  searchPathFor,
} from '../support/chain.js'
import { installRecorder, recordedCalls } from '../support/recorder.js'
import { Testbed } from '../support/testbed.js'

/** What is asked of a chain besides ADD, CHECK and DEL, and what the runtime gives to its plugins. */
describe.each(BOTH_ARTEFACTS)('$artefact, in a chain', ({ path }) => {
  let testbed: Testbed
  const ours = (keys = {}) => chained(testbed, path, keys)
  const chain = (cniVersion: string, plugins: ChainedPlugin[], disableGC = false) => {
    const list = { cniVersion, name: 'chained', plugins, disableGC }
    return new Chain(testbed, list, searchPathFor(testbed, path))
  }
  const commandsOf = (name: string) => recordedCalls(testbed, name).map(({ command }) => command)
  const isLent = () => testbed.inPod('link').includes('net1')

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    installRecorder(testbed, 'recorder')
  })
  afterEach(() => testbed[Symbol.dispose]())

  describe('37. garbage collection', () => {
    const self = { containerID: 'container-1', ifname: 'eth0' }

    it('keeps a valid attachment', () => {
      const whole = chain('1.1.0', [ours(), { type: 'recorder' }])
      whole.add()
      whole.collectGarbage([self])
      expect(commandsOf('recorder')).toEqual(['ADD', 'GC'])
      expect(isLent()).toBe(true)
    })

    it('ends one that is not', () => {
      const whole = chain('1.1.0', [ours(), { type: 'recorder' }])
      whole.add()
      whole.collectGarbage([])
      expect(commandsOf('recorder')).toEqual(['ADD', 'DEL', 'GC'])
      expect(isLent()).toBe(false)
      expect(testbed.onHost('link')).toContain('eth1')
    })

    it('ends one that the library has forgotten', () => {
      const whole = chain('1.1.0', [ours(), { type: 'recorder' }])
      whole.add()
      whole.cachedResult = undefined
      whole.collectGarbage([])
      expect(commandsOf('recorder')).toEqual(['ADD', 'GC'])
      expect(isLent()).toBe(false)
    })

    it('does nothing where the list disables it', () => {
      const whole = chain('1.1.0', [ours(), { type: 'recorder' }], true)
      whole.add()
      whole.collectGarbage([])
      expect(commandsOf('recorder')).toEqual(['ADD'])
      expect(isLent()).toBe(true)
    })
  })

  it('38. STATUS 50 of the second reaches the caller, and the third is not called', () => {
    const plugins = [{ type: 'recorder' }, ours({ device: 'eth7' }), { type: 'third' }]
    installRecorder(testbed, 'third')
    const { document } = chainErrorOf(() => chain('1.1.0', plugins).status())
    expect(document).toEqual({
      ...{ cniVersion: '1.1.0', code: 50 },
      msg: 'failed to find host device: Link not found: there is no device "eth7" on the host, and it is lent to nobody',
    })
    expect(commandsOf('recorder')).toEqual(['STATUS'])
    expect(commandsOf('third')).toEqual([])
    chain('1.1.0', [ours(), { type: 'third' }]).status()
    expect(commandsOf('third')).toEqual(['STATUS'])
  })

  describe('39. of what the runtime can give', () => {
    const given = { deviceID: 'mlx5_core.sf.4', portMappings: [{ hostPort: 80 }], noCapability: 1 }
    const chainOf = (plugins: ChainedPlugin[]) =>
      new Chain(
        testbed,
        { cniVersion: '1.0.0', name: 'chained', plugins },
        searchPathFor(testbed, path),
        given,
        {
          wrapper: withBuses(['auxiliary/devices/mlx5_core.sf.4/net/eth1']),
        },
      )

    it('a plugin gets what it has the capability for', () => {
      const capabilities = { portMappings: true, somethingElse: true, noCapability: false }
      const withDeviceId = ours({ device: undefined, capabilities: { deviceID: true } })
      chainOf([withDeviceId, { type: 'recorder', capabilities }]).add()
      const { configuration } = recordedCalls(testbed, 'recorder')[0] ?? {}
      expect(configuration.runtimeConfig).toEqual({ portMappings: given.portMappings })
      expect(isLent()).toBe(true)
    })

    it('ours does not get its deviceID without', () => {
      const without = ours({ device: undefined, capabilities: { deviceID: false } })
      const { document } = chainErrorOf(() => chainOf([without]).add())
      expect(document).toMatchObject({
        ...{ code: 7, msg: 'specify either "device", "hwaddr", "kernelpath" or "pciBusID"' },
      })
    })
  })
})
