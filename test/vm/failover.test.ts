import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { until } from '../support/until.js'
import { Machine, PAIR_MAC } from '../support/vm/machine.js'

const STANDBY_PCI = '0000:00:15.0'
const PRIMARY_PCI = '0000:01:00.0'

/**
 * What a hypervisor gives for live migration: a virtio NIC, a faster one beneath it that comes and
 * goes, and the device that the kernel makes above both. All three have one MAC.
 */
describe('a failover pair', () => {
  let machine: Machine
  let [master, standby, primary] = ['', '', '']
  const beneath = () =>
    readdirSync(`/sys/class/net/${master}`).filter((entry) => entry.startsWith('lower_'))
  const call = (command: string, keys: Record<string, unknown>) =>
    callPlugin(machine, COMPILED, command, { configuration: { device: '', ...keys } })
  const onHost = () =>
    machine.ip(machine.host, 'link').replaceAll(/state \S+|qdisc \S+|<[^>]*>/g, '')
  const expectRefused = (keys: Record<string, unknown>, reason: RegExp) => {
    const before = onHost()
    const { exitCode, document } = call('ADD', keys)
    expect(exitCode).toBe(1)
    expect(document.msg).toMatch(reason)
    expect(onHost()).toBe(before)
    expect(beneath()).toHaveLength(2)
  }

  beforeEach(() => {
    machine = new Machine()
    runSync('modprobe', ['e1000e'])
    until(() => machine.ofPair().length === 3)
    ;[master = '', standby = '', primary = ''] = machine.ofPair()
    until(() => beneath().length === 2)
  })
  afterEach(() => machine[Symbol.dispose]())

  it('is found by its MAC as the device above, which the kernel lets into no other namespace', () => {
    // Older kernels do not say so before they are asked.
    const reason = new RegExp(
      `cannot (lend|move) ${master}.*(lets it into no other namespace|Invalid argument \\(EINVAL\\))`,
    )
    const { stdout } = runCommandLine(machine, COMPILED, ['explain', master])
    for (const name of [standby, primary])
      expect(stdout).toContain(`${name}, beneath it: the kernel decides whether it comes along`)
    expectRefused({ hwaddr: PAIR_MAC }, reason)
    expectRefused({ device: master }, reason)
  })

  it('is never taken apart by mistake', () => {
    expectRefused({ pciBusID: STANDBY_PCI }, /has several network devices: .*"device" beside it/)
    const depends = (name: string) => new RegExp(`cannot lend ${name}: ${master} .* depends on it`)
    expectRefused({ pciBusID: PRIMARY_PCI }, depends(primary))
    expectRefused({ device: standby, hwaddr: PAIR_MAC }, /"device" means .*, but "hwaddr" means/)
    expectRefused({ pciBusID: STANDBY_PCI, device: standby }, depends(standby))
  })

  it('loses the NIC beneath where that is forced, and has it again after DEL', () => {
    const keys = { pciBusID: PRIMARY_PCI, force: true }
    const { exitCode, stdout } = call('ADD', keys)
    expect(exitCode, stdout).toBe(0)
    expect(machine.ip(machine.pod, 'link show dev net1')).toContain(PAIR_MAC)
    expect(beneath()).toEqual([`lower_${standby}`])
    expect(call('DEL', keys).exitCode).toBe(0)
    until(() => beneath().length === 2)
    expect(machine.ofPair()).toEqual([master, standby, primary])
  })
})
