import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { AttachedPrograms } from '../support/attach-program.js'
import { keepersOf } from '../support/gvisor/keepers.js'
import { type CallOptions, callPlugin, runCommandLine } from '../support/plugin.js'
import { at } from '../support/points.js'
import { isMove, tampered, traceCalls } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('$artefact, when ADD fails after the move', ({ path }) => {
  let testbed: Testbed

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('link set eth1 alias uplink')
    configure()
  })
  afterEach(() => testbed[Symbol.dispose]())

  /** What a network manager would do. */
  function configure(): void {
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 198.51.100.9/24 dev eth1 valid_lft 3600 preferred_lft 1800')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    testbed.onHost('route add default via 198.51.100.1 metric 100')
    testbed.settle()
    testbed.onHost('route add 2001:db8:1::/48 via 2001:db8::1 src 2001:db8::5')
    testbed.onHost('route add 192.0.2.0/24 via 198.51.100.1 table 1000')
  }

  /** Lifetimes run on while the test does. */
  const hostState = () => testbed.hostState().replaceAll(/\d+sec/g, 'some seconds')

  function expectHome(document: { details: string }): void {
    expect(document.details).toMatch(
      /(^|; )the device is back on the host as eth1, up, with its addresses and routes($|; ADD was for eth1, as net1 in )/,
    )
    expect(testbed.inPod('link')).not.toContain('net1')
    expect(testbed.filesIn('attachments')).toEqual([])
  }

  it('the device is back with its addresses and routes when a route collides in the sandbox', () => {
    // An index of its own: a device that meets its own number in the sandbox gets another.
    testbed.inPod('link add other index 900 type ifb')
    testbed.inPod('link set other up')
    testbed.inPod('route add 203.0.113.0/24 dev other')
    const before = hostState()
    const { exitCode, document } = callPlugin(testbed, path, 'ADD')
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({
      code: 102,
      msg:
        'cannot set route 203.0.113.0/24 via 198.51.100.1 dev net1 of net1 in ' +
        `sandbox ${testbed.sandboxPath}: File exists (EEXIST): ` +
        'in its place is the route 203.0.113.0/24 dev other scope link',
    })
    expectHome(document)
    expect(hostState()).toBe(before)
  })

  /** What to put before an ADD, for each request that it makes after the move to get lost. */
  function losses(options: CallOptions = {}): string[][] {
    const { calls } = traceCalls(testbed, path, 'ADD', 'sendto', options)
    expect(callPlugin(testbed, path, 'DEL', options).exitCode).toBe(0)
    return requestsAfterTheMove(calls).map((nth) =>
      tampered(...at({ kind: 'sendto', nth }, 'error=ENOBUFS')),
    )
  }

  function failedAdd(options: CallOptions): { details: string } {
    const { exitCode, document } = callPlugin(testbed, path, 'ADD', options)
    expect(exitCode).toBe(1)
    expect(document.msg).toContain('ENOBUFS')
    return document
  }

  it('the device is back whichever request after the move gets lost', () => {
    const before = hostState()
    const wrappers = losses()
    expect(hostState()).toBe(before)
    for (const wrapper of wrappers) {
      expectHome(failedAdd({ wrapper }))
      expect(hostState()).toBe(before)
    }
  })

  it('so are its programs, where they were to be detached', async () => {
    await using programs = new AttachedPrograms()
    testbed.addDevice('eth2')
    testbed.onHost('address add 192.0.2.5/24 dev eth2')
    const nexthops = 'nexthop via 198.51.100.1 dev eth1 nexthop via 192.0.2.1 dev eth2'
    testbed.onHost(`route add 10.7.0.0/16 ${nexthops}`)
    const program = () =>
      /xdp program \d+/.exec(runCommandLine(testbed, path, ['explain', 'eth1']).stdout)?.[0]
    const options = { configuration: { foreignPrograms: 'detach' } }
    await programs.attach(testbed.host, 'eth1', 'xdp')
    const wrappers = losses(options)
    expect(program()).toBeUndefined()
    await programs.attach(testbed.host, 'eth1', 'xdp')
    const before = program()
    expect(before).toBeDefined()
    for (const wrapper of wrappers) {
      expectHome(failedAdd({ ...options, wrapper }))
      expect(program()).toBe(before)
    }
  })

  it('no address keeper of gVisor is left, and no record of it', async () => {
    testbed.onHost('link add link eth1 name made type macvlan mode bridge')
    testbed.onHost('link set made up')
    testbed.onHost('address add 2001:db8:2::5/64 dev made nodad')
    testbed.onHost('-6 route add default via 2001:db8:2::1 dev made')
    testbed.settle()
    const optionsWith = (timeoutSeconds: number) => ({
      variables: { CNI_CONTAINERID: testbed.pod },
      configuration: { device: 'made', gvisor: { timeoutSeconds } },
    })
    // strace waits for all that it follows: here for no keeper.
    for (const wrapper of losses(optionsWith(0))) {
      const alone = wrapper.filter((word) => word !== '-f')
      const { details } = failedAdd({ ...optionsWith(30), wrapper: alone })
      expect(details).toContain('is back on the host as made, up, with its addresses and routes')
      expect(testbed.filesIn('gvisor')).toEqual([])
      await expect.poll(() => keepersOf(testbed.pod)).toEqual([])
      expect(testbed.onHost('address show dev made')).toContain('2001:db8:2::5/64')
    }
  })

  it('a device that the kernel does not let go has never left', () => {
    const before = hostState()
    // The kernel takes the second byte of the last letter for a space.
    const variables = { CNI_IFNAME: 'netà' }
    const { document } = callPlugin(testbed, path, 'ADD', { variables })
    expect(document).toMatchObject({
      code: 102,
      msg: expect.stringMatching(/^cannot move eth1 into .* as netà: Invalid argument \(EINVAL\)/),
      details: 'the device is back on the host as eth1, up, with its addresses and routes',
    })
    expect(hostState()).toBe(before)
  })

  it('a device that this process may not move leaves no record', () => {
    const before = hostState()
    const wrapper = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin']
    const { document } = callPlugin(testbed, path, 'ADD', { wrapper })
    expect(document).toMatchObject({
      code: 102,
      msg: expect.stringMatching(/^cannot move eth1 into .* as net1: Operation not permitted/),
      details: expect.stringMatching(/^the device never left the host, .*CAP_NET_ADMIN$/),
    })
    expect(testbed.filesIn('attachments')).toEqual([])
    expect(hostState()).toBe(before)
  })
})

/** strace counts by thread, and the move has one of its own. */
function requestsAfterTheMove(calls: string[]): number[] {
  const threadOf = (call: string) => call.split(' ')[0]
  const main = threadOf(calls[0] ?? '')
  const move = calls.findIndex(isMove)
  const beforeTheMove = calls.slice(0, move).filter((call) => threadOf(call) === main).length
  const all = calls.filter((call) => threadOf(call) === main).length
  expect(move).toBeGreaterThan(0)
  expect(all).toBeGreaterThan(beforeTheMove)
  return Array.from({ length: all - beforeTheMove }, (_, n) => beforeTheMove + n + 1)
}
