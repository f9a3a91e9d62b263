import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { GvisorTestbed } from '../support/gvisor/gvisor-testbed.js'
import { keepersOf } from '../support/gvisor/keepers.js'
import { runCommandLine } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'

describe.each(ARTEFACTS)('$artefact keep', ({ path }) => {
  let gvisor: GvisorTestbed
  const keep = (words: string[], input?: string) => {
    const { testbed } = gvisor
    const command = ['keep', '--state-dir', testbed.stateDirectory, ...words]
    return runCommandLine(testbed, path, command, input)
  }
  const here = () => ['--netns', gvisor.testbed.sandboxPath]

  beforeEach(() => {
    gvisor = GvisorTestbed.withMacvlan(path)
  })
  afterEach(() => gvisor[Symbol.dispose]())

  const noKeeper = { gvisor: { timeoutSeconds: 0 } }

  it('puts back what gVisor took, where no keeper waits for it', () => {
    gvisor.call('ADD', noKeeper)
    expect(keepersOf(gvisor.containerId)).toEqual([])
    expect(keep(here())).toMatchObject({ exitCode: 0, stdout: 'net1: has its addresses' })
    gvisor.strip()
    expect(gvisor.call('CHECK', noKeeper).document.msg).toContain('and it has no keeper')
    expect(keep(here())).toMatchObject({
      exitCode: 0,
      stdout: 'net1: put back 2001:db8::5/128',
    })
    expect(gvisor.addresses()).toEqual(['2001:db8::5/128'])
    expect(gvisor.testbed.inPod('-6 route show default')).toBe('')
    expect(keep(here()).stdout).toBe('net1: has its addresses')
    expect(gvisor.call('CHECK', noKeeper).exitCode).toBe(0)
  })

  it('knows how it went where its caller ignores the end of children', () => {
    gvisor.call('ADD', noKeeper)
    gvisor.strip()
    const { host, stateDirectory } = gvisor.testbed
    const command = [path, 'keep', '--state-dir', stateDirectory, ...here()]
    const ignoring = ['env', '--ignore-signal=CHLD', ...command]
    const { stdout } = runSync('ip', ['netns', 'exec', host, ...ignoring])
    expect(stdout).toBe('net1: put back 2001:db8::5/128')
  })

  it('finds the sandbox by the OCI state that a hook is given', () => {
    gvisor.call('ADD', noKeeper)
    gvisor.strip()
    const { pod } = gvisor.testbed
    const script = `printf '{"ociVersion":"1.0.2","id":"x","status":"created","pid":%d}' $$ |
      ${path} keep --oci-state --state-dir ${gvisor.testbed.stateDirectory}`
    const { stdout } = runSync('ip', ['netns', 'exec', pod, 'sh', '-c', script])
    expect(stdout).toBe('net1: put back 2001:db8::5/128')
  })

  it('has nothing to do with other interfaces and sandboxes', () => {
    gvisor.call('ADD', noKeeper)
    gvisor.strip()
    expect(keep([...here(), '--interface', 'net2']).stdout).toContain('nothing is noted')
    expect(keep(['--netns', `/run/netns/${gvisor.testbed.cloud}`]).stdout).toContain('nothing')
    expect(gvisor.addresses()).toEqual([])
    expect(keep([...here(), '--interface', 'net1']).stdout).toContain('put back')
  })

  it('leaves the host alone where the path of the sandbox leads to it now', () => {
    gvisor.call('ADD', noKeeper)
    const { testbed } = gvisor
    testbed.onHost('link add net1 type ifb')
    testbed.onHost('link set net1 up')
    testbed.onHost('route add 192.0.2.0/24 dev net1')
    runSync('umount', [testbed.sandboxPath])
    runSync('mount', ['--bind', `/run/netns/${testbed.host}`, testbed.sandboxPath])
    const before = testbed.hostState()
    const state = JSON.stringify({ pid: process.pid })
    expect(keep(here()).stdout).toContain('nothing is noted')
    expect(keep(['--oci-state'], state).stdout).toContain('nothing is noted')
    expect(testbed.hostState()).toBe(before)
  })

  it('refuses what names no sandbox', () => {
    expect(keep([])).toMatchObject({
      exitCode: 1,
      stderr: 'host-device-l3: keep needs --netns PATH, or --oci-state',
    })
    expect(keep(['--oci-state'], '{"pid":"1"}').stderr).toContain('"pid" is "1"')
    expect(keep(['--oci-state'], '{"pid":0,"status":"stopped"}').stderr).toContain(
      'the OCI state has no running process in it: "pid" is 0',
    )
    expect(keep(['--oci-state'], '{').exitCode).toBe(1)
    expect(keep(['--netns', '/run/netns/hdl3-nowhere']).stderr).toContain('ENOENT')
  })
})
