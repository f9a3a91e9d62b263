import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin, startPlugin } from '../support/plugin.js'
import { at } from '../support/points.js'
import { tampered, traceCalls } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

/** The name that each has in its pod, which is that of the other one on the host. */
const DEVICES = { eth1: 'eth2', eth2: 'eth1' }
type Device = keyof typeof DEVICES

describe.each(ARTEFACTS)("$artefact: two devices, lent under each other's names", ({ path }) => {
  let testbed: Testbed
  const optionsOf = (device: Device) => ({
    configuration: { device, restoreOnDelete: true },
    variables: { CNI_CONTAINERID: `has-${device}`, CNI_IFNAME: DEVICES[device] },
  })
  const macs = () =>
    ['eth1', 'eth2'].map((name) => JSON.parse(testbed.onHost(`-json link show ${name}`))[0].address)
  /** Lends both, and puts each on the host under the name of the other, as the kernel does with NICs. */
  const lendAndLose = () => {
    for (const device of ['eth1', 'eth2'] as const)
      expect(callPlugin(testbed, path, 'ADD', optionsOf(device)).exitCode).toBe(0)
    for (const name of ['eth1', 'eth2']) testbed.inPod(`link set ${name} netns ${testbed.host}`)
  }
  let before: string[]
  const expectHome = () => {
    expect(testbed.onHost('-brief link')).not.toContain('lent')
    expect(macs()).toEqual(before)
    expect(testbed.onHost('address show dev eth1')).toContain('198.51.100.5')
    expect(testbed.onHost('address show dev eth2')).toContain('192.0.2.5')
    expect(testbed.filesIn('attachments')).toEqual([])
  }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 192.0.2.5/24 dev eth2')
    before = macs()
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('come home with two calls at once', async () => {
    for (let round = 0; round < 8; round++) {
      lendAndLose()
      const calls = (['eth1', 'eth2'] as const).map((device) =>
        startPlugin(testbed, path, 'DEL', optionsOf(device)),
      )
      for (const { exitCode, stdout } of await Promise.all(calls)) expect(exitCode, stdout).toBe(0)
      expectHome()
    }
  })

  it('come home, where all of one call comes before the other makes its name free', async () => {
    lendAndLose()
    const { calls } = traceCalls(testbed, path, 'DEL', 'sendto', optionsOf('eth1'))
    const nth = calls.findIndex((line) => /"lent\d+"/.test(line)) + 1
    expect(nth).toBeGreaterThan(0)
    expect(callPlugin(testbed, path, 'DEL', optionsOf('eth2')).exitCode).toBe(0)
    lendAndLose()
    const wrapper = tampered(...at({ kind: 'sendto', nth }, 'delay_enter=2000000'))
    const first = startPlugin(testbed, path, 'DEL', { ...optionsOf('eth1'), wrapper })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const second = await startPlugin(testbed, path, 'DEL', optionsOf('eth2'))
    expect(second.exitCode, second.stdout).toBe(0)
    const { exitCode, stdout } = await first
    expect(exitCode, stdout).toBe(0)
    expectHome()
  })
})
