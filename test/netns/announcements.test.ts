import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS, COMPILED } from '../support/artefacts.js'
import { Listener } from '../support/listener.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { Testbed } from '../support/testbed.js'

/** How long to look for a second announcement. */
const QUIET_MILLISECONDS = 1500

/** The cloud hears what comes over the wire of eth1. */
describe.each(ARTEFACTS)('announcements: $artefact', ({ path }) => {
  let testbed: Testbed
  let listener: Listener

  beforeEach(async () => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.settle()
    listener = await Listener.start(testbed.cloud, 'eth1')
  })
  afterEach(async () => {
    await listener[Symbol.asyncDispose]()
    testbed[Symbol.dispose]()
  })

  const macOf = (device: string) =>
    JSON.parse(testbed.inPod(`-json link show dev ${device}`))[0].address

  /** Those heard in the end: of each address one. */
  async function expectHeard(addresses: string[], mac: string): Promise<void> {
    const heard = () => listener.announcements.map(({ address }) => address).toSorted()
    await expect.poll(heard, { timeout: 10_000 }).toEqual(addresses.toSorted())
    await setTimeout(QUIET_MILLISECONDS)
    expect(heard()).toEqual(addresses.toSorted())
    expect(new Set(listener.announcements.map((one) => one.mac))).toEqual(new Set([mac]))
  }

  const ipamOf = (...addresses: string[]) => {
    const ips = addresses.map((address) => ({ address }))
    return new ScriptedIpam({ ADD: `echo '${JSON.stringify({ cniVersion: '1.1.0', ips })}'` })
  }

  it('of what IPAM assigned, once per address, whatever the device brought', async () => {
    using ipam = ipamOf('198.51.100.77/24', '198.51.100.78/24', '2001:db8::77/64')
    const { exitCode, stdout, stderr } = callPlugin(testbed, path, 'ADD', {
      configuration: { ipam: { type: ipam.type } },
      variables: { CNI_PATH: ipam.directory },
    })
    expect(exitCode, stdout).toBe(0)
    expect(stderr).toBe('')
    // The IPv6 one after duplicate address detection.
    await expectHeard(['198.51.100.77', '198.51.100.78', '2001:db8::77'], macOf('net1'))
  })

  it('of no address that somebody else has: detection of duplicates comes first', async () => {
    testbed.inCloud('address add 2001:db8::77/64 dev eth1 nodad')
    using ipam = ipamOf('198.51.100.77/24', '2001:db8::77/64')
    callPlugin(testbed, path, 'ADD', {
      configuration: { ipam: { type: ipam.type } },
      variables: { CNI_PATH: ipam.directory },
    })
    await expectHeard(['198.51.100.77'], macOf('net1'))
  })

  it('of what a macvlan device is given: its master has it at another MAC', async () => {
    testbed.onHost('link add link eth1 name net1 type macvlan mode bridge')
    testbed.onHost(`link set net1 netns ${testbed.pod}`)
    const interfaces = [{ name: 'net1', sandbox: testbed.sandboxPath }]
    const prevResult = { cniVersion: '1.1.0', interfaces }
    const { exitCode, stdout } = callPlugin(testbed, path, 'ADD', { configuration: { prevResult } })
    expect(exitCode, stdout).toBe(0)
    await expectHeard(['198.51.100.5', '2001:db8::5'], macOf('net1'))
  })

  it('of nothing where the device brings its addresses and its MAC along', async () => {
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    await setTimeout(QUIET_MILLISECONDS)
    expect(listener.announcements).toEqual([])
  })

  it('once the device has its carrier, which ADD does not wait for; DEL need not, either', async () => {
    testbed.inCloud('link set eth1 down')
    using ipam = ipamOf('198.51.100.77/24')
    const call = (command: string) =>
      callPlugin(testbed, path, command, {
        configuration: { ipam: { type: ipam.type } },
        variables: { CNI_PATH: ipam.directory },
      })
    expect(call('ADD').exitCode).toBe(0)
    expect(listener.announcements).toEqual([])
    testbed.inCloud('link set eth1 up')
    await expectHeard(['198.51.100.77'], macOf('net1'))
    expect(call('DEL').exitCode).toBe(0)
    testbed.inCloud('link set eth1 down')
    expect(call('ADD').exitCode).toBe(0)
    expect(call('DEL').exitCode).toBe(0)
    const waiting = () => runSync('ip', ['netns', 'pids', testbed.pod]).stdout
    await expect.poll(waiting, { timeout: 3000 }).toBe('')
  })

  // Sixty may wait in a container of 50 MiB, whose calls take turns: their own memory counts there, too.
  it.runIf(path === COMPILED)(
    'by a process that keeps none of the memory of the call',
    async () => {
      testbed.inCloud('link set eth1 down')
      // Tables take memory of their own, beside the engine's.
      const routes = Array.from({ length: 3000 }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`)
      const lines = routes.map((to, n) => `route add ${to} via 198.51.100.1 metric ${n}`)
      runSync('ip', ['-n', testbed.host, '-batch', '-'], { input: lines.join('\n') })
      using ipam = ipamOf(...Array.from({ length: 100 }, (_, n) => `198.51.100.${n + 100}/24`))
      const outcome = callPlugin(testbed, path, 'ADD', {
        configuration: { ipam: { type: ipam.type } },
        variables: { CNI_PATH: ipam.directory },
      })
      expect(outcome.exitCode, outcome.stdout).toBe(0)
      const [announcer = ''] = runSync('ip', ['netns', 'pids', testbed.pod]).stdout.split('\n')
      const own = () => {
        const rollup = readFileSync(`/proc/${announcer}/smaps_rollup`, 'utf8')
        return Number(/^Anonymous: *(\d+) kB$/m.exec(rollup)?.[1])
      }
      await expect.poll(own, { timeout: 3000 }).toBeLessThan(200)
      expect(Number(announcer)).toBeGreaterThan(0)
    },
  )
})
