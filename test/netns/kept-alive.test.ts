import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { hold } from '../support/namespace-holder.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

/** What can keep a namespace alive whose name is gone, so that the device in it lives on. */
const FOUND = [
  'a process',
  'a thread',
  'a mount',
  'a file that was opened by a mount',
  'a file that was opened in /proc',
  'a file of which only the path was opened',
  'a file of a mount that is nowhere',
  'a file of a mount namespace that has ended',
  'a file of a process in namespaces of its own',
  'a file of a thread',
  'a file of a process whose first thread has ended',
]

/** What to put before a call for it to see no process of the node. */
const IN_PID_NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc']
/** For it to see those of the node, from a PID namespace of its own: as in a container that has changed root. */
const WITH_PROC_OF_NODE = ['unshare', '--pid', '--fork']
const WITH_HIDEPID = [
  ...['unshare', '--mount', 'sh', '-c'],
  'mount -t proc -o hidepid=2 proc /proc && exec "$@"',
  'sh',
]
const WITHOUT_PTRACE = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace']

describe.each(ARTEFACTS)('a device whose sandbox has lost its name: $artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, options)
  const records = () => testbed.filesIn('attachments')
  const loseName = () => runSync('ip', ['netns', 'delete', testbed.pod])

  beforeEach(() => {
    testbed = new Testbed({ isSettled: false })
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    const { exitCode, stdout } = call('ADD')
    expect(exitCode, stdout).toBe(0)
  })
  afterEach(() => testbed[Symbol.dispose]())

  function expectHome(options: CallOptions = {}): void {
    const { exitCode, stdout, stderr } = call('DEL', options)
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    expect(testbed.onHost('address show dev eth1 up')).toContain('198.51.100.5/24')
    expect(records()).toEqual([])
  }

  function expectDoubt(text: string, options: CallOptions = {}): void {
    expect(call('DEL', options).document).toMatchObject({
      code: 103,
      msg: expect.stringContaining(`not every namespace could be searched: ${text}`),
      details: expect.stringContaining('the record is kept'),
    })
    expect(records()).toEqual(['container-1:net1.json'])
  }

  it.each(FOUND)('comes home from a namespace that only %s keeps alive', async (way) => {
    await using _holder = await hold(testbed.sandboxPath, way)
    loseName()
    expectHome()
  })

  it('may exist where a mount that another one covers keeps its namespace alive', async () => {
    await using holder = await hold(testbed.sandboxPath, 'a mount that another one covers')
    loseName()
    expectDoubt('/proc/')
    await holder.uncover()
    expectHome()
  })

  it.each([
    ['of a PID namespace of its own', IN_PID_NAMESPACE, '/proc has only the processes of a PID'],
    ['without CAP_SYS_PTRACE', WITHOUT_PTRACE, 'this process is without CAP_SYS_PTRACE'],
  ])('may exist for a call %s, which sees not all', async (_, wrapper, text) => {
    {
      await using _holder = await hold(testbed.sandboxPath, FOUND[3] ?? '')
      loseName()
      if (wrapper === IN_PID_NAMESPACE) expectDoubt(text, { wrapper })
    }
    // Nor does such a call know that the device is destroyed by now.
    expectDoubt(text, { wrapper })
    const { exitCode, stderr } = call('DEL')
    expect([exitCode, records()]).toEqual([0, []])
    expect(stderr).toContain('eth1 is gone: it counts as destroyed')
  })

  it('is known to be destroyed on a node that is a container, and has pods', async () => {
    const ofPod = 'unshare --pid --fork sleep 60 & sleep 0.3; "$@"; ended=$?; kill %1; exit $ended'
    const wrapper = [...IN_PID_NAMESPACE, 'bash', '-c', ofPod, 'bash']
    {
      await using _holder = await hold(testbed.sandboxPath, FOUND[3] ?? '')
      loseName()
    }
    const { exitCode, stderr } = call('DEL', { wrapper })
    expect([exitCode, records()]).toEqual([0, []])
    expect(stderr).toContain('eth1 is gone: it counts as destroyed')
  })

  it.each([
    ['in a PID namespace of its own, where its sandbox has its name', IN_PID_NAMESPACE, false],
    ['in a PID namespace of its own, with the /proc of the node', WITH_PROC_OF_NODE, true],
    ['with hidepid, which hides nothing from CAP_SYS_PTRACE', WITH_HIDEPID, true],
  ])('comes home by a call %s', async (_, wrapper, isNameless) => {
    await using _holder = await hold(testbed.sandboxPath, FOUND[3] ?? '')
    if (isNameless) loseName()
    expectHome({ wrapper })
  })
})
