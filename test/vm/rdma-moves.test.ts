import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED, JAVASCRIPT } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { at, pointsOf } from '../support/points.js'
import { runSync } from '../support/run-sync.js'
import { tampered } from '../support/strace.js'
import { until } from '../support/until.js'
import { killAtChanges } from '../support/vm/kill-at-changes.js'
import { E1000, Machine } from '../support/vm/machine.js'

/** See tools/vm/module.sh: it is there for the kernel of the release whose compiler this machine has. */
const MODULE = `/lib/modules/${release()}/extra/hdl3_rdma.ko`
const [NIC] = E1000
/** `rdma dev set`, as strace prints it. */
const SET = /^sendto\(.*nlmsg_type=0x1402/

const setMode = (mode: string) =>
  runSync('rdma', ['system', 'set', 'netns', mode], { reject: false }).exitCode === 0

describe.runIf(existsSync(MODULE))('an RDMA device of one namespace alone', () => {
  let machine: Machine
  let before: string[]
  const call = (path: string, command: string, keys: object = {}) =>
    callPlugin(machine, path, command, { configuration: { device: 'eth1', ...keys } })
  const rdma = (namespace: string, words: string) =>
    runSync('ip', ['netns', 'exec', namespace, 'rdma', ...words.split(' ')]).stdout
  const devicesIn = (namespace: string): string[] =>
    JSON.parse(rdma(namespace, '--json dev')).map(({ ifname }: { ifname: string }) => ifname)
  const load = (...parameters: string[]) =>
    runSync('modprobe', ['hdl3_rdma', `slot=${NIC.pci}`, ...parameters])
  const unload = () => void runSync('modprobe', ['-r', 'hdl3_rdma'])
  /** Without what an e1000 has only seconds after it came up: its carrier, and what follows from it. */
  const hostState = () =>
    ['-brief link show dev eth1 up', 'address show dev eth1 scope global', 'route', '-6 route']
      .flatMap((words) => machine.ip(machine.host, words).split('\n'))
      .filter((line) => !line.includes('fe80::'))
      .map((line) => line.replace(/^\d+: .*|^(eth1) .*| linkdown/, '$1').trimEnd())
  const recordOf = () =>
    JSON.parse(readFileSync(`${machine.stateDirectory}/attachments/container-1:net1.json`, 'utf8'))
      .device
  const add = (path = COMPILED) => {
    const outcome = call(path, 'ADD')
    expect(outcome.exitCode, outcome.stdout).toBe(0)
    return outcome
  }
  const expectWhole = (when?: string) => {
    expect(devicesIn(machine.host), when).toEqual(['hdl3ib0'])
    expect(hostState(), when).toEqual(before)
    expect(readdirSync(`${machine.stateDirectory}/attachments`), when).toEqual([])
  }

  beforeAll(() => {
    runSync('modprobe', ['--all', 'ib_core', 'ib_uverbs'])
    // The kernel changes the mode only while there is no other namespace, and ends those slowly.
    until(() => setMode('exclusive'))
    machine = new Machine()
    machine.rename(NIC, 'eth1')
  })
  afterAll(() => {
    machine[Symbol.dispose]()
    until(() => setMode('shared'))
  })
  beforeEach(() => {
    load()
    machine.configure('eth1')
    before = hostState()
  })
  afterEach(unload)

  it('moves along with its NIC, and comes home with it under its name', () => {
    const { stdout } = runCommandLine(machine, COMPILED, ['explain', 'eth1'])
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('RDMA device hdl3ib0: moves along')
    const { document, stderr } = add()
    expect(stderr).toBe('')
    expect(devicesIn(machine.host)).toEqual([])
    expect(devicesIn(machine.pod)).toEqual(['hdl3ib0'])
    expect(recordOf().rdma).toEqual([{ index: expect.any(Number), name: 'hdl3ib0' }])
    const check = () => call(JAVASCRIPT, 'CHECK', { prevResult: document })
    expect(check()).toMatchObject({ exitCode: 0, stdout: '' })
    rdma(machine.pod, 'dev set hdl3ib0 name evil0')
    expect(check()).toMatchObject({ exitCode: 0, stdout: '' })
    expect(call(JAVASCRIPT, 'DEL')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expectWhole()
    expect(call(COMPILED, 'DEL')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
  })

  it('is itself again after its sandbox has ended', () => {
    add(JAVASCRIPT)
    rdma(machine.pod, 'dev set hdl3ib0 name evil0')
    machine.endNamespace(machine.pod, [NIC])
    machine.addNamespace(machine.pod)
    expect(devicesIn(machine.host)).toEqual(['evil0'])
    expect(call(COMPILED, 'DEL')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expectWhole()
  })

  it('comes home from a namespace to which its pod moved it', () => {
    machine.addNamespace('hdl3-other')
    add()
    rdma(machine.pod, 'dev set hdl3ib0 netns hdl3-other')
    expect(devicesIn('hdl3-other')).toEqual(['hdl3ib0'])
    expect(call(COMPILED, 'DEL')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expectWhole()
  })

  it('keeps its record where another namespace cannot be searched for it', () => {
    machine.addNamespace('hdl3-third')
    add()
    rdma(machine.pod, 'dev set hdl3ib0 netns hdl3-third')
    const wrapper = tampered('-e', 'inject=statx:error=ENOMEM')
    const configuration = { device: 'eth1' }
    const { exitCode, document } = callPlugin(machine, COMPILED, 'DEL', { configuration, wrapper })
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({
      code: 103,
      msg: expect.stringMatching(
        /hdl3ib0: (not every namespace could be searched|statx: Cannot allocate)/,
      ),
    })
    expect(call(COMPILED, 'DEL')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expectWhole()
  })

  it('stays where its driver cannot take it away from processes, which the log says', () => {
    unload()
    load('movable=0')
    const { document, stderr } = add()
    expect(stderr).toMatch(
      /RDMA device hdl3ib0 of eth1 stays on the host, and the pod cannot use it: .*not supported/i,
    )
    expect(devicesIn(machine.host)).toEqual(['hdl3ib0'])
    expect(recordOf().rdma).toBe(undefined)
    expect(call(COMPILED, 'CHECK', { prevResult: document }).exitCode).toBe(0)
    expect(call(COMPILED, 'DEL')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expectWhole()
  })

  it('is home after an ADD that fails once it has moved', () => {
    const configuration = { device: 'eth1' }
    // Whether that is the only one, ADD asks at its end.
    machine.ip(machine.host, 'route add default via 198.51.100.1')
    before = hostState()
    const { points } = pointsOf(machine, COMPILED, 'ADD', { configuration })
    expect(call(COMPILED, 'DEL').exitCode).toBe(0)
    const move = points.findIndex(({ call: line }) => SET.test(line))
    const next = points.slice(move + 1).find(({ kind }) => kind === 'sendto')
    if (move < 0 || !next) throw new Error('ADD asks the kernel nothing after the move')
    const wrapper = ['strace', '-f', '-qq', '-o', '/dev/null', ...at(next, 'error=ENOMEM')]
    const { exitCode, document } = callPlugin(machine, COMPILED, 'ADD', { configuration, wrapper })
    expect(exitCode).toBe(1)
    expect(document.details).toContain('the device is back on the host as eth1')
    expectWhole()
    machine.ip(machine.host, 'route del default')
  })

  it.each([
    ['moved out', () => rdma(machine.pod, 'dev set hdl3ib0 netns hdl3-machine')],
    [
      'made again by its driver',
      () => {
        unload()
        load()
      },
    ],
  ])('is put back by repair where it was %s', (_, happens) => {
    const { document } = add()
    happens()
    expect(devicesIn(machine.host)).toEqual(['hdl3ib0'])
    const check = call(COMPILED, 'CHECK', { prevResult: document })
    expect(check.exitCode).toBe(1)
    expect(check.document.msg).toContain('its RDMA device hdl3ib0 is not there')
    const repair = (...more: string[]) =>
      runCommandLine(machine, COMPILED, [
        'repair',
        'eth1',
        '--state-dir',
        machine.stateDirectory,
        ...more,
      ]).stdout
    const what = `put back RDMA device hdl3ib0, from the host into sandbox ${machine.sandboxPath}`
    expect(repair('--dry-run')).toContain(`would try to ${what}`)
    expect(devicesIn(machine.pod)).toEqual([])
    expect(repair()).toContain(what)
    expect(devicesIn(machine.pod)).toEqual(['hdl3ib0'])
    expect(call(COMPILED, 'CHECK', { prevResult: document }).exitCode).toBe(0)
    expect(repair()).toContain('nothing to repair')
    expect(call(COMPILED, 'DEL')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expectWhole()
  })

  it('is home after a DEL although its driver made it again', () => {
    add()
    unload()
    load()
    expect(call(COMPILED, 'DEL')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expectWhole()
  })

  it('keeps the record, and the NIC at home, where the kernel refuses the return', () => {
    add()
    const { points } = pointsOf(machine, COMPILED, 'DEL', { configuration: { device: 'eth1' } })
    const point = points.find(({ call: line }) => SET.test(line))
    if (!point) throw new Error('DEL did not move the RDMA device')
    expectWhole()
    add()
    const wrapper = ['strace', '-f', '-qq', '-o', '/dev/null', ...at(point, 'error=ENOMEM')]
    const { exitCode, document } = callPlugin(machine, COMPILED, 'DEL', {
      configuration: { device: 'eth1' },
      wrapper,
    })
    expect(exitCode).toBe(1)
    expect(document.msg).toContain('cannot return every RDMA device of eth1 to the host: hdl3ib0: ')
    expect(hostState()).toEqual(before)
    expect(devicesIn(machine.pod)).toEqual(['hdl3ib0'])
    expect(call(COMPILED, 'DEL')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expectWhole()
  })

  it('is home after the next DEL, wherever an ADD or a DEL was killed', () => {
    const each = /^sendto\(.*nlmsg_type=(RTM_NEWLINK|0x10|0x1402)\b/
    killAtChanges(machine, { device: 'eth1', each, move: SET }, expectWhole)
  })
})
