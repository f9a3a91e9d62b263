import { statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { GvisorTestbed } from '../support/gvisor/gvisor-testbed.js'
import { keepersOf } from '../support/gvisor/keepers.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const MOST_BYTES = 2.5e6
/** What to put before a command for it to run where there is nothing else but these paths. */
function bareRoot(...paths: string[]): string[] {
  return ['unshare', '--mount', 'sh', 'test/support/bare-root.sh', ...paths]
}

describe('dist/host-device-l3', () => {
  it('is linked statically', () => {
    expect(runSync('file', [COMPILED]).stdout).toContain('statically linked')
  })

  it(`has at most ${MOST_BYTES} bytes`, () => {
    expect(statSync(COMPILED).size).toBeLessThanOrEqual(MOST_BYTES)
  })
})

describe('where there is nothing but dist/host-device-l3, and what is in /run, /tmp and /var cannot be executed', () => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1 nodad')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('lends a device and returns it', () => {
    const before = testbed.hostState()
    const call = (command: string, options: CallOptions = {}) =>
      callPlugin(testbed, COMPILED, command, {
        ...options,
        wrapper: bareRoot(testbed.sandboxPath, testbed.stateDirectory),
      })
    expect(call('VERSION', { input: '' })).toMatchObject({ exitCode: 0 })
    expect(call('STATUS')).toMatchObject({ exitCode: 0, stdout: '' })
    const { exitCode, document: prevResult } = call('ADD')
    expect(exitCode).toBe(0)
    expect(testbed.inPod('route')).toContain('203.0.113.0/24 via 198.51.100.1 dev net1')
    expect(call('CHECK', { configuration: { prevResult } })).toMatchObject({ exitCode: 0 })
    const restoring = { configuration: { restoreOnDelete: true } }
    expect(call('DEL', restoring)).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.hostState()).toBe(before)
  })

  it.each(['mkfifo /proc/self/exe', 'head -c 4000000 /dev/urandom > /proc/self/exe'])(
    'does not begin with what another file system has in /proc: %s',
    (make) => {
      const script = `mount -t tmpfs none /proc; mkdir /proc/self; ${make}; exec "$@"`
      const wrapper = ['unshare', '--mount', 'timeout', '20', 'sh', '-ec', script, 'sh']
      const { exitCode, document } = callPlugin(testbed, COMPILED, 'ADD', { wrapper })
      expect(exitCode).toBe(1)
      expect(document).toMatchObject({ msg: expect.stringContaining('/proc/self/ns/net') })
    },
  )

  it('leaves an address keeper', async () => {
    using gvisor = GvisorTestbed.withMacvlan(COMPILED)
    const { sandboxPath, stateDirectory } = gvisor.testbed
    const { exitCode, stdout } = gvisor.call(
      'ADD',
      {},
      { wrapper: bareRoot(sandboxPath, stateDirectory, '/dev/null') },
    )
    expect(exitCode, stdout).toBe(0)
    await expect.poll(() => keepersOf(gvisor.containerId)).toHaveLength(1)
    gvisor.strip()
    await expect.poll(() => gvisor.addresses()).toEqual(['2001:db8::5/128'])
  })
})
