import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** What to put before a command for it to find nothing in /proc. */
const WITHOUT_PROC = [
  ...['unshare', '--mount', 'sh', '-c'],
  'mount -t tmpfs -o size=4k hdl3 /proc && exec "$@"',
  'sh',
]

describe.each(ARTEFACTS)('$artefact, where /proc is not mounted', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  const call = (command: string, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, { configuration: { restoreOnDelete: true }, ...options })
  const blind = (command: string) => call(command, { wrapper: WITHOUT_PROC })
  const expectClear = (command: string) => {
    const { exitCode, document } = blind(command)
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({ cniVersion: '1.1.0', code: expect.any(Number) })
    expect(document.msg).toContain('/proc')
    return document
  }

  it('VERSION answers', () => {
    expect(
      callPlugin(testbed, path, 'VERSION', { input: '', wrapper: WITHOUT_PROC }),
    ).toMatchObject({
      exitCode: 0,
      document: { supportedVersions: expect.arrayContaining(['1.1.0']) },
    })
  })

  it('ADD fails with a document that says so, and changes nothing', () => {
    const before = testbed.hostState()
    expectClear('ADD')
    expect(testbed.hostState()).toBe(before)
    expect(testbed.filesIn('attachments')).toEqual([])
  })

  it.each(['CHECK', 'DEL', 'GC'])('%s fails with one, and loses nothing', (command) => {
    const before = testbed.hostState()
    const { document: prevResult } = call('ADD')
    const configuration = { restoreOnDelete: true, prevResult, 'cni.dev/valid-attachments': [] }
    const outcome = call(command, { configuration, wrapper: WITHOUT_PROC })
    expect(outcome.exitCode).toBe(1)
    expect(outcome.document.msg).toContain('/proc')
    expect(testbed.inPod('link show net1')).toContain('net1')
    expect(testbed.filesIn('attachments')).toHaveLength(1)
    expect(call('DEL').exitCode).toBe(0)
    expect(testbed.hostState()).toBe(before)
  })
})
