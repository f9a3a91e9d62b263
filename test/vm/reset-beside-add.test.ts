import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { callPlugin, startPlugin } from '../support/plugin.js'
import { tampered } from '../support/strace.js'
import { until } from '../support/until.js'
import { E1000, Machine } from '../support/vm/machine.js'

const [NIC, OTHER] = E1000

/** To the ADD of another pod, a NIC that was reset is another device than the one that is lent. */
describe('a PCI NIC that was reset while it was lent', () => {
  let machine: Machine
  const first = { configuration: { restoreOnDelete: true } }
  const second = () => ({
    configuration: { device: undefined, pciBusID: NIC.pci, restoreOnDelete: true },
    variables: { CNI_CONTAINERID: 'container-2', CNI_NETNS: machine.pathOf('hdl3-next') },
  })

  beforeEach(() => {
    machine = new Machine()
    machine.addNamespace('hdl3-next')
    machine.rename(NIC, 'eth1')
    machine.answer(OTHER, '198.51.100.1/24')
    machine.configure('eth1', 'route add 10.9.0.0/16 via 198.51.100.1 table 70')
    const { exitCode, stdout } = callPlugin(machine, COMPILED, 'ADD', first)
    expect(exitCode, stdout).toBe(0)
    writeFileSync(`/sys/bus/pci/devices/${NIC.pci}/remove`, '1')
    writeFileSync('/sys/bus/pci/rescan', '1')
    until(() => machine.nameOf(NIC) !== undefined)
  })
  afterEach(() => machine[Symbol.dispose]())

  it('has all that it had, where another pod wants it while DEL gives it back', async () => {
    const wrapper = tampered('-e', 'inject=sendto:delay_enter=300ms')
    const deleted = startPlugin(machine, COMPILED, 'DEL', { ...first, wrapper })
    await expect.poll(() => machine.nameOf(NIC), { interval: 1, timeout: 60_000 }).toBe('eth1')
    const added = await startPlugin(machine, COMPILED, 'ADD', second())
    const { exitCode, stdout } = await deleted
    expect(exitCode, stdout).toBe(0)
    expect(added.exitCode, added.stdout).toBe(0)
    expect(machine.ip('hdl3-next', 'address show dev net1')).toContain('198.51.100.5')
    expect(callPlugin(machine, COMPILED, 'DEL', second()).exitCode).toBe(0)
    expect(machine.nameOf(NIC)).toBe('eth1')
    expect(machine.ip(machine.host, 'address show dev eth1')).toContain('198.51.100.5')
    expect(machine.ip(machine.host, 'route show table 70')).toContain('via 198.51.100.1 dev eth1')
  })
})
