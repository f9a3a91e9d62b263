import { readdirSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED, JAVASCRIPT } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { until } from '../support/until.js'
import { killAtChanges } from '../support/vm/kill-at-changes.js'
import { Machine } from '../support/vm/machine.js'

/** The kernel lets a wireless device into another namespace only with its radio, and down. */
describe('a wireless device', () => {
  let machine: Machine
  let radio = ''
  const call = (path: string, command: string, keys: object = {}) =>
    callPlugin(machine, path, command, { configuration: { device: 'hdl3wl', ...keys } })
  const iw = (namespace: string, words: string) =>
    runSync('ip', ['netns', 'exec', namespace, 'iw', ...words.split(' ')]).stdout
  const interfaces = () =>
    [...iw(machine.host, 'dev').matchAll(/Interface (\S+)/g)].map(([, n]) => n)
  const hostState = () =>
    ['address show dev hdl3wl', 'route show dev hdl3wl', '-6 route show dev hdl3wl']
      .map((words) => machine.ip(machine.host, words))
      .join('\n')

  beforeAll(() => {
    runSync('modprobe', ['mac80211_hwsim', 'radios=1'])
    runSync('ip', ['link', 'set', 'wlan0', 'name', 'hdl3wl'])
  })
  afterAll(() => {
    runSync('modprobe', ['-r', 'mac80211_hwsim'])
  })
  beforeEach(() => {
    machine = new Machine()
    ;[radio = ''] = readdirSync('/sys/class/ieee80211')
    machine.configure('hdl3wl')
  })
  afterEach(() => machine[Symbol.dispose]())

  it('moves with its radio, and comes home as it left, whatever its pod did to both', () => {
    const before = hostState()
    const { stdout } = runCommandLine(machine, COMPILED, ['explain', 'hdl3wl'])
    expect(stdout).toContain(`its radio ${radio}, with which it moves`)
    const added = call(COMPILED, 'ADD')
    expect(added.exitCode, added.stdout).toBe(0)
    expect(interfaces()).toEqual([])
    expect(machine.ip(machine.pod, '-br link show dev net1')).toMatch(/[<,]UP/)
    const addresses = machine.ip(machine.pod, 'address show dev net1')
    expect(addresses).toContain('198.51.100.5/24')
    expect(addresses).toContain('2001:db8::5/64')
    expect(machine.ip(machine.pod, 'route')).toContain('203.0.113.0/24 via 198.51.100.1')
    const check = call(JAVASCRIPT, 'CHECK', { prevResult: added.document })
    expect(check).toMatchObject({ exitCode: 0, stdout: '' })

    iw(machine.pod, `phy ${radio} set name evil`)
    iw(machine.pod, 'dev net1 interface add evil0 type managed')
    // With this name of the host's, the kernel would not let it there, nor its radio.
    machine.ip(machine.pod, 'link property add dev evil0 altname free12')
    machine.ip(machine.pod, 'link set net1 down')
    iw(machine.pod, 'dev net1 set type monitor')
    machine.ip(machine.pod, 'link set net1 name evil1')
    expect(call(JAVASCRIPT, 'DEL')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    expect(interfaces()).toEqual(['hdl3wl'])
    expect(readdirSync('/sys/class/ieee80211')).toEqual([radio])
    expect(iw(machine.host, 'dev hdl3wl info')).toContain('type managed')
    expect(hostState()).toBe(before)
    expect(call(COMPILED, 'DEL')).toMatchObject({ exitCode: 0, stdout: '' })
  })

  it('is itself again after its sandbox has ended', () => {
    const before = hostState()
    expect(call(JAVASCRIPT, 'ADD').exitCode).toBe(0)
    iw(machine.pod, 'dev net1 interface add evil0 type managed')
    runSync('ip', ['netns', 'delete', machine.pod])
    until(() => interfaces().length === 2)
    expect(call(COMPILED, 'DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(interfaces()).toEqual(['hdl3wl'])
    expect(hostState()).toBe(before)
  })

  it('is not lent together with others of its radio', () => {
    iw(machine.host, 'dev hdl3wl interface add hdl3other type managed')
    const before = hostState()
    const { exitCode, document } = call(COMPILED, 'ADD')
    iw(machine.host, 'dev hdl3other del')
    expect(exitCode).toBe(1)
    expect(document.msg).toBe(
      `cannot lend hdl3wl: its radio ${radio} would take other devices along: hdl3other`,
    )
    expect(hostState()).toBe(before)
  })

  it('is home after the next DEL, wherever an ADD or a DEL was killed', () => {
    const before = hostState()
    // NL80211_CMD_SET_WIPHY_NETNS, SET_WIPHY and SET_INTERFACE, and RTM_NEWLINK.
    const each = /^sendto\(.*(nlmsg_type=(RTM_NEWLINK|0x10)\b|nlmsg_pid=0\}, "\\x(31|02|06)\\x00)/
    killAtChanges(machine, { device: 'hdl3wl', each, move: /"\\x31\\x00/ }, (when) => {
      expect(interfaces(), when).toEqual(['hdl3wl'])
      expect(hostState(), when).toBe(before)
    })
  })
})
