import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BOTH_ARTEFACTS } from '../support/artefacts.js'
import {
  Chain,
  type ChainedPlugin,
  chainErrorOf,
  chained,
  searchPathFor,
} from '../support/chain.js'
import { callPlugin } from '../support/plugin.js'
import { installRecorder, recordedCalls } from '../support/recorder.js'
import { expectValidResult } from '../support/result-specification.js'
import { Testbed } from '../support/testbed.js'

/** What the callers of the library see of a chain that has our plugin in it. */
describe.each(BOTH_ARTEFACTS)('$artefact, in a chain', ({ path }) => {
  let testbed: Testbed
  const ours = (keys = {}) => chained(testbed, path, keys)
  const bridge = (): ChainedPlugin => ({
    ...{ type: 'bridge', bridge: 'bridge0', isGateway: true },
    ipam: {
      ...{ type: 'host-local', dataDir: `${testbed.stateDirectory}/host-local` },
      ranges: [[{ subnet: '10.22.0.0/16' }]],
    },
  })
  const chain = (cniVersion: string, plugins: ChainedPlugin[]) => {
    const list = { cniVersion, name: 'chained', plugins }
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

  describe.each(['0.3.1', '0.4.0', '1.0.0'])('of %s, after a stock bridge', (cniVersion) => {
    it('34. the third sees the result of the second, and 36. DEL ends all of it', () => {
      const whole = chain(cniVersion, [bridge(), ours(), { type: 'recorder' }])
      const result = whole.add()
      expectValidResult(result)
      const [call] = recordedCalls(testbed, 'recorder')
      expect(call?.configuration.prevResult).toEqual(result)
      const names = (result.interfaces as { name: string }[]).map(({ name }) => name)
      expect(names).toEqual(['bridge0', expect.stringMatching(/^veth/), 'eth0', 'net1'])
      expect(result.ips).toEqual([
        expect.objectContaining({ address: '10.22.0.2/16', interface: 2 }),
        expect.objectContaining({ address: '198.51.100.5/24', interface: 3 }),
      ])
      expect(testbed.podReaches('198.51.100.1')).toBe(true)
      whole.delete()
      expect(testbed.onHost('link')).toContain('eth1')
      expect(testbed.inPod('link')).not.toMatch(/eth0|net1/)
    })

    it('36. DEL works with and without the result', () => {
      const whole = chain(cniVersion, [ours(), { type: 'recorder' }])
      const result = whole.add()
      whole.delete()
      const { configuration } = recordedCalls(testbed, 'recorder')[1] ?? {}
      expect(configuration.prevResult).toEqual(cniVersion === '0.3.1' ? undefined : result)
      expect(isLent()).toBe(false)
      expect(testbed.onHost('link')).toContain('eth1')
    })
  })

  it.each(['0.4.0', '1.0.0'])(
    '35. CHECK of %s has no fault in what stock tuning changed, and says so if it did',
    (cniVersion) => {
      const link = () => {
        testbed.settle()
        return JSON.parse(testbed.onHost('-json link show dev eth1'))
      }
      const before = link()
      const mac = '02:00:00:00:00:99'
      const tuning = { type: 'tuning', mac, dataDir: `${testbed.stateDirectory}/tuning` }
      const whole = chain(cniVersion, [ours({ ifName: undefined }), tuning, { type: 'recorder' }])
      expect(whole.add().interfaces).toEqual([expect.objectContaining({ name: 'eth0', mac })])
      whole.check()
      expect(commandsOf('recorder')).toEqual(['ADD', 'CHECK'])
      testbed.inPod('address delete 198.51.100.5/24 dev eth0')
      expect(chainErrorOf(() => whole.check()).document).toMatchObject({
        ...{ code: 105, msg: expect.stringContaining('198.51.100.5/24') },
      })
      whole.delete()
      expect(link()).toEqual(before)
    },
  )

  it('34. the second fails: the error has its words, the third is not called', () => {
    const plugins = [bridge(), ours({ device: 'eth7' }), { type: 'recorder' }]
    const whole = chain('1.0.0', plugins)
    const { message, document } = chainErrorOf(() => whole.add())
    expect(message).toBe(`plugin type="${basename(path)}" failed (add): ${document.msg}`)
    expect(document).toMatchObject({
      ...{ cniVersion: '1.0.0', code: 100 },
      msg: 'failed to find host device: Link not found: there is no device "eth7" on the host',
    })
    expect(commandsOf('recorder')).toEqual([])
    // The library has no cache file, and the plugin no record.
    expect(whole.cachedResult).toBeUndefined()
    expect(readdirSync(testbed.stateDirectory)).not.toContain('attachments')
    whole.delete()
    expect(testbed.inPod('link')).not.toContain('eth0')
  })

  it('35. CHECK on 0.3.1 is refused (by the plugin, too, if the library lets it through)', () => {
    const whole = chain('0.3.1', [ours()])
    whole.add()
    expect(chainErrorOf(() => whole.check()).document).toMatchObject({
      ...{ code: 1, msg: 'config version does not allow CHECK' },
    })
  })

  it('35. and 36. a cached result of version 0.4567.0 is an error of CHECK, and none of DEL', () => {
    const whole = chain('1.0.0', [ours()])
    whole.add()
    whole.cachedResult = { ...whole.cachedResult, cniVersion: '0.4567.0' }
    expect(chainErrorOf(() => whole.check()).document).toMatchObject({
      ...{ code: 6, msg: 'unsupported CNI result version "0.4567.0"' },
    })
    whole.delete()
    expect(testbed.onHost('link')).toContain('eth1')
  })

  it.each([[5], [[]], ['garbage'], [{ interfaces: 'garbage' }], [{ ips: [{ address: 'x' }] }]])(
    '36. the cached result %j is an error of CHECK, and none of DEL',
    (prevResult) => {
      const configuration = { ifName: 'net1' }
      expect(callPlugin(testbed, path, 'ADD', { configuration }).exitCode).toBe(0)
      const options = { configuration: { ...configuration, prevResult } }
      const { exitCode, document } = callPlugin(testbed, path, 'CHECK', options)
      expect(exitCode).toBe(1)
      expect([6, 7]).toContain(document.code)
      expect(callPlugin(testbed, path, 'DEL', options)).toMatchObject({ exitCode: 0, stdout: '' })
      expect(testbed.onHost('link')).toContain('eth1')
    },
  )
})
