import { readdirSync, readlinkSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BOTH_ARTEFACTS } from '../support/artefacts.js'
import { AttachedPrograms } from '../support/attach-program.js'
import { GvisorTestbed } from '../support/gvisor/gvisor-testbed.js'
import { keepersOf } from '../support/gvisor/keepers.js'
import { OlderKernel } from '../support/older-kernel.js'
import { callPlugin } from '../support/plugin.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { Testbed } from '../support/testbed.js'

describe.each(BOTH_ARTEFACTS)('on Linux 4.18: $artefact', ({ path }) => {
  let testbed: Testbed
  let older: OlderKernel
  beforeEach(() => {
    testbed = new Testbed()
    older = new OlderKernel()
  })
  afterEach(() => {
    older[Symbol.dispose]()
    testbed[Symbol.dispose]()
  })
  const call = (command: string, configuration: Record<string, unknown> = {}, variables = {}) => {
    const options = { wrapper: older.wrapper, configuration, variables }
    const outcome = callPlugin(testbed, path, command, options)
    expect(outcome.exitCode, `${outcome.stdout}${outcome.stderr}`).toBe(0)
    return outcome
  }

  it('a device goes with its state, is checked and comes home', () => {
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.settle()
    testbed.onHost('route add default via 198.51.100.1 metric 50')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 77')
    testbed.onHost('route add 2001:db8:9::/48 via 2001:db8::1')
    testbed.onHost('rule add from 198.51.100.5 lookup 77 priority 700')
    testbed.onHost('neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1 nud permanent')
    const before = testbed.hostState()
    using ipam = new ScriptedIpam({
      ADD: `echo '{"cniVersion":"1.1.0","ips":[{"address":"198.51.100.77/24"}]}'`,
    })
    const configuration = { ipam: { type: ipam.type } }
    const variables = { CNI_PATH: ipam.directory }
    const { document } = call('ADD', configuration, variables)
    expect(testbed.inPod('route show table 77')).toContain('203.0.113.0/24 via 198.51.100.1')
    expect(testbed.inPod('rule')).toContain('700:')
    expect(testbed.podReaches('198.51.100.1')).toBe(true)
    call('CHECK', { ...configuration, prevResult: document }, variables)
    call('STATUS', configuration, variables)
    expect(call('DEL', configuration, variables).stderr).toBe('')
    expect(testbed.hostState()).toBe(before)
  })

  it('an XDP program that its pod attached is detached', async () => {
    await using programs = new AttachedPrograms()
    call('ADD')
    await programs.attach(testbed.pod, 'net1', 'xdp')
    expect(testbed.inPod('link show net1')).toContain('xdp')
    call('DEL')
    expect(testbed.onHost('link show eth1')).not.toContain('xdp')
  })

  it('an address keeper has no file of the runtime', () => {
    using gvisor = GvisorTestbed.withMacvlan(path)
    const wrapper = ['sh', '-c', 'exec 9</etc/passwd; exec "$@"', 'sh', ...older.wrapper]
    const { exitCode, stdout } = gvisor.call('ADD', {}, { wrapper })
    expect(exitCode, stdout).toBe(0)
    const [keeper] = keepersOf(gvisor.containerId)
    const directory = `/proc/${keeper?.pid}/fd`
    const files = readdirSync(directory).map((fd) => readlinkSync(`${directory}/${fd}`))
    expect(files).not.toContain('/etc/passwd')
    expect(files.length).toBeGreaterThan(3)
  })
})
