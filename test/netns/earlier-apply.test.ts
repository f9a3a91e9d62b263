import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** The interface that a first ADD applied a state to is gone, without DEL. */
describe.each(ARTEFACTS)('$artefact, where the record of `apply` is left,', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, configuration: object = {}, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, {
      ...options,
      configuration: { cniVersion: '1.0.0', ...configuration },
    })
  const apply = () => {
    const prevResult = {
      cniVersion: '1.0.0',
      interfaces: [{ name: 'net1', sandbox: testbed.sandboxPath }],
    }
    const { exitCode, stdout } = call('ADD', { mode: 'apply', prevResult })
    expect(exitCode, stdout).toBe(0)
  }
  const makeInterface = () => {
    testbed.inPod('link add net1 type ifb')
    testbed.inPod('link set net1 up')
  }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('rule add from 198.51.100.5 lookup main priority 50')
    makeInterface()
    apply()
    testbed.inPod('link delete net1')
    expect(testbed.inPod('rule')).toContain('from 198.51.100.5')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('an ADD that cannot write its own leaves it for DEL', () => {
    const { document } = call('ADD', {}, { wrapper: ['prlimit', '--fsize=512'] })
    expect(document).toMatchObject({ msg: expect.stringContaining('EFBIG') })
    expect(testbed.filesIn('attachments')).toEqual(['container-1:net1.json'])
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.inPod('rule')).not.toContain('from 198.51.100.5')
  })

  it('DEL takes off what is not on the interface', () => {
    expect(call('DEL', { mode: 'apply' })).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.inPod('rule')).not.toContain('from 198.51.100.5')
    expect(testbed.filesIn('attachments')).toEqual([])
  })

  it('DEL takes nothing off another interface of that name that others gave it', () => {
    makeInterface()
    testbed.inPod('address add 198.51.100.5/24 dev net1')
    testbed.onHost('address add 192.0.2.5/24 dev eth1')
    apply()
    expect(testbed.inPod('address show dev net1')).toContain('192.0.2.5/24')
    expect(call('DEL', { mode: 'apply' }).exitCode).toBe(0)
    expect(testbed.inPod('address show dev net1')).toContain('198.51.100.5/24')
    expect(testbed.inPod('address show dev net1')).not.toContain('192.0.2.5/24')
  })
})
