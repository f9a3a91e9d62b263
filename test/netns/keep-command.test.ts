import { execaSync } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { keepersOf } from '../support/gvisor/keepers.js'
import { Scene } from '../support/gvisor/scene.js'
import { runCommandLine } from '../support/plugin.js'

describe.each(ARTEFACTS)('$artefact keep', ({ path }) => {
  let scene: Scene
  const keep = (words: string[], input?: string) => {
    const { testbed } = scene
    const command = ['keep', '--state-dir', testbed.stateDirectory, ...words]
    return runCommandLine(testbed, path, command, input)
  }
  const here = () => ['--netns', scene.testbed.sandboxPath]

  beforeEach(() => {
    scene = Scene.withMacvlan(path)
  })
  afterEach(() => scene[Symbol.dispose]())

  const noKeeper = { gvisor: { timeoutSeconds: 0 } }

  it('puts back what gVisor took, where no keeper waits for it', () => {
    scene.call('ADD', noKeeper)
    expect(keepersOf(scene.containerId)).toEqual([])
    expect(keep(here())).toMatchObject({ exitCode: 0, stdout: 'net1: has its addresses' })
    scene.strip()
    expect(scene.call('CHECK', noKeeper).document.msg).toContain('and it has no keeper')
    expect(keep(here())).toMatchObject({
      exitCode: 0,
      stdout: 'net1: put back 2001:db8::5/128',
    })
    expect(scene.addresses()).toEqual(['2001:db8::5/128'])
    expect(scene.testbed.inPod('-6 route show default')).toBe('')
    expect(keep(here()).stdout).toBe('net1: has its addresses')
    expect(scene.call('CHECK', noKeeper).exitCode).toBe(0)
  })

  it('finds the sandbox by the OCI state that a hook is given', () => {
    scene.call('ADD', noKeeper)
    scene.strip()
    const { pod } = scene.testbed
    const script = `printf '{"ociVersion":"1.0.2","id":"x","status":"created","pid":%d}' $$ |
      ${path} keep --oci-state --state-dir ${scene.testbed.stateDirectory}`
    const { stdout } = execaSync('ip', ['netns', 'exec', pod, 'sh', '-c', script])
    expect(stdout).toBe('net1: put back 2001:db8::5/128')
  })

  it('has nothing to do with other interfaces and sandboxes', () => {
    scene.call('ADD', noKeeper)
    scene.strip()
    expect(keep([...here(), '--interface', 'net2']).stdout).toContain('nothing is noted')
    expect(keep(['--netns', `/run/netns/${scene.testbed.cloud}`]).stdout).toContain('nothing')
    expect(scene.addresses()).toEqual([])
    expect(keep([...here(), '--interface', 'net1']).stdout).toContain('put back')
  })

  it('refuses what names no sandbox', () => {
    expect(keep([])).toMatchObject({
      exitCode: 1,
      stderr: 'host-device-l3: keep needs --netns PATH, or --oci-state',
    })
    expect(keep(['--oci-state'], '{"pid":0,"status":"stopped"}').stderr).toContain(
      'the OCI state has no running process in it: "pid" is 0',
    )
    expect(keep(['--oci-state'], '{').exitCode).toBe(1)
    expect(keep(['--netns', '/run/netns/hdl3-nowhere']).stderr).toContain('ENOENT')
  })
})
