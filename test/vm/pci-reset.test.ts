import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { at, pointsOf } from '../support/points.js'
import { runSync } from '../support/run-sync.js'
import { isLastingChange, traceCalls } from '../support/strace.js'
import { until } from '../support/until.js'
import { E1000, Machine } from '../support/vm/machine.js'

const [NIC, OTHER] = E1000

/** A reset ends the network device that a pod has; the kernel makes another one, on the host. */
describe('a PCI NIC that is removed and found again while it is lent', () => {
  let machine: Machine
  const call = (command: string, keys: Record<string, unknown> = {}, variables = {}) =>
    callPlugin(machine, COMPILED, command, { configuration: keys, variables })
  const repair = (...words: string[]) =>
    runCommandLine(machine, COMPILED, ['repair', '--state-dir', machine.stateDirectory, ...words])
  const reset = () => {
    writeFileSync(`/sys/bus/pci/devices/${NIC.pci}/remove`, '1')
    writeFileSync('/sys/bus/pci/rescan', '1')
    until(() => machine.nameOf(NIC) !== undefined)
  }
  const podState = () =>
    runSync('ip', ['-n', machine.pod, '-batch', '-'], {
      input: [
        ...['address show dev net1', 'neighbour show nud permanent'],
        ...['route show table all dev net1', 'rule'],
      ].join('\n'),
    })
      .stdout.replaceAll(/^\d+: (?=net1)|<[^>]*>|linkdown|tentative|qdisc \S+|state \S+/gm, '')
      .split('\n')
      // What the kernel does by itself, once the device has its carrier.
      .filter((line) => !/fe80::|ff00::|valid_lft/.test(line))
      .map((line) => line.replaceAll(/ +/g, ' ').trim())
      .join('\n')
  const expectPod = (state: string, when?: string) => {
    const end = Date.now() + 20_000
    while (podState() !== state && Date.now() < end);
    expect(podState(), when).toBe(state)
  }
  const records = () =>
    readFileSync(`${machine.stateDirectory}/attachments/container-1:net1.json`, 'utf8')
  let added: { exitCode: number | undefined; stdout: string; document: object }

  beforeEach(() => {
    machine = new Machine()
    machine.rename(NIC, 'eth1')
    machine.answer(OTHER, '198.51.100.1/24')
    machine.configure(
      'eth1',
      'link set eth1 mtu 1400 txqueuelen 123',
      'link property add dev eth1 altname lan-of-the-host',
      'route add 10.9.0.0/16 via 198.51.100.1 table 70',
      'rule add from 198.51.100.5 lookup 70 priority 40',
      'neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1',
    )
    added = call('ADD')
    expect(added.exitCode, added.stdout).toBe(0)
  })
  afterEach(() => {
    machine[Symbol.dispose]()
    const input = [
      ...['rule delete priority 40', 'link delete hdl3br'],
      'link property del dev lan-of-the-host altname lan-of-the-host',
    ].join('\n')
    runSync('ip', ['-force', '-batch', '-'], { input, reject: false })
  })

  it('is back in its pod with all that it had', () => {
    expect(machine.reaches(machine.pod, '198.51.100.1')).toBe(true)
    const before = podState()
    reset()
    expect(machine.ip(machine.pod, '-br link')).not.toContain('net1')
    expect(call('CHECK', { prevResult: added.document }).exitCode).toBe(1)
    const dry = repair('eth1', '--dry-run')
    expect(dry.stdout).toContain('would try to put back the device, which was reset, from the host')
    expect(machine.nameOf(NIC)).not.toBe(undefined)
    const { exitCode, stdout, stderr } = repair('--all')
    expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain('put back the device, which was reset, from the host')
    expect(stdout).toContain('put back address 198.51.100.5/24')
    expect(machine.nameOf(NIC)).toBe(undefined)
    expectPod(before)
    expect(machine.ip(machine.pod, 'link show dev net1')).toMatch(/lan-of-the-host/)
    expect(machine.ip(machine.pod, 'link show dev net1')).toMatch(/mtu 1400 .* qlen 123/)
    expect(machine.reaches(machine.pod, '198.51.100.1')).toBe(true)
    expect(repair('--all').stdout).toContain('nothing to repair')
    expect(records()).not.toContain('lendingAgain')
    expect(call('CHECK', { prevResult: added.document })).toMatchObject({ exitCode: 0, stdout: '' })
    expect(call('DEL', { restoreOnDelete: true }).exitCode).toBe(0)
    expect(machine.nameOf(NIC)).toBe('eth1')
    expect(machine.ip(machine.host, 'route show table 70')).toContain('via 198.51.100.1 dev eth1')
  })

  it('is taken from a host that has begun to use it', () => {
    reset()
    const name = machine.nameOf(NIC)
    machine.ip(machine.host, `link set ${name} up`)
    machine.ip(machine.host, `address add 192.0.2.9/24 dev ${name}`)
    const { exitCode, stdout } = repair('--all')
    expect(exitCode, stdout).toBe(0)
    expect(machine.ip(machine.pod, '-br address show dev net1')).toContain('198.51.100.5/24')
    expect(machine.ip(machine.pod, '-br address show dev net1')).not.toContain('192.0.2.9')
  })

  it('stays on a host where a bridge has it', () => {
    reset()
    machine.ip(machine.host, 'link add hdl3br type bridge')
    machine.ip(machine.host, `link set ${machine.nameOf(NIC)} master hdl3br`)
    const { exitCode, stdout } = repair('--all')
    expect(exitCode).toBe(1)
    expect(stdout).toContain('hdl3br on the host depends on it')
    expect(machine.nameOf(NIC)).not.toBe(undefined)
  })

  it('goes to the next pod with all that it had, and comes home with that', () => {
    reset()
    machine.addNamespace('hdl3-next')
    const variables = { CNI_CONTAINERID: 'container-2', CNI_NETNS: machine.pathOf('hdl3-next') }
    const second = call('ADD', { device: undefined, pciBusID: NIC.pci }, variables)
    expect(second.exitCode, second.stdout).toBe(0)
    expect(second.stderr).toContain('eth1 is back from')
    expect(machine.ip('hdl3-next', '-br address show dev net1')).toContain('198.51.100.5/24')
    expect(repair('--all').stdout).toContain('nothing to repair')
    expect(call('DEL').exitCode).toBe(0)
    expect(machine.ip('hdl3-next', '-br link')).toContain('net1')
    expect(call('DEL', {}, variables).exitCode).toBe(0)
    expect(machine.nameOf(NIC)).toBe('eth1')
    expect(machine.ip(machine.host, '-br address show dev eth1')).toContain('198.51.100.5/24')
    expect(machine.ip(machine.host, 'route show table 70')).toContain('via 198.51.100.1 dev eth1')
  })

  it('is there after the next repair, wherever one was killed; then there is nothing to change', () => {
    const before = podState()
    const keys = { configuration: { prevResult: added.document, repairOnCheck: true } }
    reset()
    const { points } = pointsOf(machine, COMPILED, 'CHECK', keys)
    expectPod(before)
    // Before each change there is what the one before it has left. The move has a thread of its own.
    const tried = points.filter(
      ({ call }) => isLastingChange(call) || /^(clone3?|write\(\d+<\/)/.test(call),
    )
    expect(tried.filter(({ call }) => call.startsWith('clone'))).toHaveLength(1)
    expect(tried.length).toBeGreaterThan(12)
    const file = `${machine.stateDirectory}/killed`
    for (const point of tried) {
      reset()
      const wrapper = ['strace', '-f', '-qq', '-o', file, ...at(point, 'signal=KILL')]
      const when = `killed at ${point.call}`
      callPlugin(machine, COMPILED, 'CHECK', { ...keys, wrapper })
      expect(readFileSync(file, 'utf8'), when).toContain('killed by SIGKILL')
      const { exitCode, stdout } = repair('--all')
      expect(exitCode, `${when}: ${stdout}`).toBe(0)
      expectPod(before, when)
      expect(records(), when).not.toContain('lendingAgain')
    }
    const { exitCode, calls } = traceCalls(machine, COMPILED, 'CHECK', 'all', keys)
    expect(exitCode).toBe(0)
    expect(calls.filter((line) => line.includes(' sendto(')).length).toBeGreaterThan(4)
    expect(calls.filter(isLastingChange)).toEqual([])
    expect(call('DEL', { restoreOnDelete: true }).exitCode).toBe(0)
    expect(machine.ip(machine.host, 'route show table 70')).toContain('via 198.51.100.1 dev eth1')
  }, 240_000)
})
