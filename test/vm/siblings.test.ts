import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { Gadget } from '../support/vm/gadget.js'
import { Machine } from '../support/vm/machine.js'

const LENT = 'hdl3lent'
const SIBLING = 'hdl3sibling'
const INNER = 'hdl3-inner'

/** Nothing but its inode distinguishes such a device from the others of its NIC. */
describe('a device without a permanent MAC, of a NIC that has two', () => {
  let machine: Machine
  let nic: Gadget
  const call = (command: string) =>
    callPlugin(machine, COMPILED, command, { configuration: { device: LENT } })
  const repair = () =>
    runCommandLine(machine, COMPILED, [
      ...['repair', '--state-dir', machine.stateDirectory, '--all'],
    ])
  const onHost = (name: string) => machine.ip(machine.host, `-br address show dev ${name}`)
  const links = () => machine.ip(machine.host, '-br link')
  const macOf = (namespace: string, name: string): string =>
    JSON.parse(machine.ip(namespace, `-json link show dev ${name}`))[0].address

  beforeEach(() => {
    machine = new Machine()
    nic = new Gadget(machine.host, [LENT, SIBLING])
    machine.configure(LENT)
    machine.ip(machine.host, `address add 192.0.2.7/24 dev ${SIBLING}`)
    const added = call('ADD')
    expect(added.exitCode, added.stdout).toBe(0)
  })
  afterEach(() => {
    nic[Symbol.dispose]()
    machine[Symbol.dispose]()
  })

  const expectSiblingAtHome = (mac: string) => {
    expect(onHost(SIBLING)).toContain('192.0.2.7/24')
    expect(onHost(SIBLING)).not.toContain('198.51.100.5')
    expect(macOf(machine.host, SIBLING)).toBe(mac)
  }

  it('comes home from where its pod has moved it, and the other one stays what it is', () => {
    const lent = macOf(machine.pod, 'net1')
    const sibling = macOf(machine.host, SIBLING)
    machine.addNamespace(INNER)
    machine.ip(machine.pod, `link set net1 netns ${INNER}`)
    const { exitCode, stdout } = call('DEL')
    expect(exitCode, stdout).toBe(0)
    expectSiblingAtHome(sibling)
    expect(macOf(machine.host, LENT)).toBe(lent)
    expect(onHost(LENT)).toContain('198.51.100.5/24')
  })

  it('has no other one lent in its place by a repair', () => {
    const sibling = macOf(machine.host, SIBLING)
    machine.addNamespace(INNER)
    machine.ip(machine.pod, `link set net1 netns ${INNER}`)
    const { exitCode, stdout } = repair()
    expect(exitCode).toBe(1)
    expect(stdout).toContain('is neither in sandbox')
    expectSiblingAtHome(sibling)
    expect(call('DEL').exitCode).toBe(0)
  })

  it('is none of two that the kernel made since', () => {
    nic.makeAgain(['hdl3one', 'hdl3two'])
    const { exitCode, stdout, stderr } = call('DEL')
    expect(exitCode, stdout).toBe(0)
    expect(stderr).toContain(`${LENT} is gone`)
    expect(links()).toContain('hdl3one')
    expect(links()).toContain('hdl3two')
    expect(onHost('hdl3one') + onHost('hdl3two')).not.toContain('198.51.100.5')
  })
})
