import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin, type Outcome, startPlugin } from '../support/plugin.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { isLastingChange, isMove, tampered, traceCalls } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

/** To start, and to end, on a machine that is busy. */
const MARGIN_SECONDS = 8

/** They mostly wait, so they wait side by side. */
describe.concurrent.each(ARTEFACTS)('a call ends in time: $artefact', ({ path }) => {
  function newTestbed(): Testbed {
    const testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    return testbed
  }

  async function timed(
    testbed: Testbed,
    command: string,
    options: CallOptions,
  ): Promise<Outcome & { seconds: number }> {
    const start = Date.now()
    const outcome = await startPlugin(testbed, path, command, options)
    return { ...outcome, seconds: (Date.now() - start) / 1000 }
  }

  const within = (timeoutSeconds: number, ipam: ScriptedIpam): CallOptions => ({
    configuration: { ipam: { type: ipam.type }, timeoutSeconds },
    variables: { CNI_PATH: ipam.directory },
  })

  it('where the IPAM plugin hangs: ADD after what it has for undoing, the device home', async () => {
    using testbed = newTestbed()
    const before = testbed.hostState()
    using ipam = new ScriptedIpam({ ADD: 'sleep 600', DEL: 'sleep 600' })
    const { document, seconds } = await timed(testbed, 'ADD', within(5, ipam))
    expect(document).toMatchObject({ code: 106, msg: expect.stringContaining('was ended') })
    expect(document.details).toMatch(/^the device is back .*the addresses .* may not be released/)
    expect(ipam.calls).toEqual(['ADD', 'DEL'])
    expect(seconds).toBeGreaterThan(5 + 9)
    expect(seconds).toBeLessThan(5 + 10 + MARGIN_SECONDS)
    expect(testbed.hostState()).toBe(before)
  })

  it('where the IPAM plugin hangs: DEL, the device home', async () => {
    using testbed = newTestbed()
    using ipam = new ScriptedIpam({ DEL: 'sleep 600' })
    expect((await startPlugin(testbed, path, 'ADD', within(60, ipam))).exitCode).toBe(0)
    const { document, seconds } = await timed(testbed, 'DEL', within(2, ipam))
    expect(document).toMatchObject({ code: 106 })
    expect(seconds).toBeLessThan(2 + MARGIN_SECONDS)
    expect(testbed.onHost('link show dev eth1 up')).toContain('eth1')
  })

  it.each([
    ['ADD', 'nothing was changed; ADD was for eth1, as net1 in sandbox'],
    ['DEL', 'a later DEL tries again; DEL was for eth1, as net1 in sandbox'],
    ['GC', 'GC was for eth1, as net1 in sandbox'],
  ])('where somebody keeps a lock: %s, which says what it was for', async (command, details) => {
    using testbed = newTestbed()
    // They make the directory of the locks, and for GC a record.
    expect(callPlugin(testbed, path, command === 'GC' ? 'ADD' : 'DEL').exitCode).toBe(0)
    const before = testbed.hostState()
    const lock = `${testbed.stateDirectory}/locks/container-1:net1`
    const script = `exec 9>${lock}; flock 9; echo locked; exec sleep 60`
    const holder = execa('sh', ['-c', script], { reject: false })
    await new Promise((resolve) => holder.stdout?.once('data', resolve))
    const configuration = { timeoutSeconds: 1, 'cni.dev/valid-attachments': [] }
    const { document, seconds } = await timed(testbed, command, { configuration })
    holder.kill()
    await holder
    expect(document).toMatchObject({
      code: 11,
      msg: expect.stringMatching(/has been working on container-1:net1 for too long$/),
      details: expect.stringContaining(`${details} ${testbed.sandboxPath}`),
    })
    // DEL has time of its own, but no lock takes longer than this.
    expect(seconds).toBeLessThan((command === 'DEL' ? 10 : 1) + MARGIN_SECONDS)
    expect(testbed.hostState()).toBe(before)
  })

  it('where the kernel is slow to answer: ADD, before anything was moved', async () => {
    using testbed = newTestbed()
    const before = testbed.hostState()
    const { document, seconds } = await timed(testbed, 'ADD', {
      configuration: { timeoutSeconds: 2 },
      wrapper: slowKernel(1),
    })
    expect(document).toMatchObject({ code: 11, msg: expect.stringContaining('timeoutSeconds') })
    expect(seconds).toBeLessThan(2 + MARGIN_SECONDS)
    expect(testbed.hostState()).toBe(before)
  })

  it('where the kernel is slow after the move: ADD, the device home', async () => {
    using testbed = newTestbed()
    const before = testbed.hostState()
    const { document, seconds } = await timed(testbed, 'ADD', {
      configuration: { timeoutSeconds: 3 },
      wrapper: slowKernel(answersBeforeTheMove(testbed) + 1),
    })
    expect(document).toMatchObject({ code: 11, msg: expect.stringContaining('timeoutSeconds') })
    expect(document.details).toMatch(/^the device is back on the host as eth1, up, with its/)
    expect(seconds).toBeLessThan(3 + 30 + MARGIN_SECONDS)
    expect(testbed.hostState()).toBe(before)
  })

  it('where the kernel is slow after the move: GC, that device home, the next one not begun', async () => {
    using testbed = newTestbed()
    testbed.addDevice('eth2')
    const before = testbed.hostState()
    using ipam = new ScriptedIpam()
    const stale = { 'cni.dev/valid-attachments': [] }
    const lendBoth = () => {
      for (const device of ['eth1', 'eth2']) {
        const variables = { CNI_CONTAINERID: device, CNI_IFNAME: device }
        const outcome = callPlugin(testbed, path, 'ADD', { configuration: { device }, variables })
        expect(outcome.exitCode, outcome.stdout).toBe(0)
      }
    }
    lendBoth()
    const collect = { configuration: { ...stale, timeoutSeconds: 60 } }
    const { calls } = traceCalls(testbed, path, 'GC', 'sendto,recvmsg', collect)
    const beforeTheMove = calls.slice(0, calls.findIndex(isLastingChange))
    lendBoth()
    const slow = slowKernel(beforeTheMove.filter((one) => one.includes(' recvmsg(')).length + 1)
    const options = within(3, ipam)
    const { document } = await timed(testbed, 'GC', {
      ...options,
      configuration: { ...options.configuration, ...stale },
      wrapper: slow,
    })
    expect(document).toMatchObject({
      code: 11,
      msg: expect.stringContaining('(timeoutSeconds) is over'),
      details: expect.stringContaining('eth2'),
    })
    expect(document.details).not.toContain('eth1')
    expect(testbed.filesIn('attachments')).toEqual(['eth2:eth2.json'])
    expect(testbed.onHost('address show dev eth1 up')).toContain('198.51.100.5/24')
    // It has time of its own, too: a runtime may call no other GC for days.
    expect(ipam.calls).toEqual(['GC'])
    expect(callPlugin(testbed, path, 'GC', collect).exitCode).toBe(0)
    expect(testbed.hostState()).toBe(before)
  })

  /** Each answer, from the nth in a thread on, comes late. */
  function slowKernel(nth: number): string[] {
    const delay = `inject=recvmsg:delay_enter=1s:when=${nth}+`
    return tampered('-e', 'trace=recvmsg', '-e', delay)
  }

  function answersBeforeTheMove(testbed: Testbed): number {
    const { calls } = traceCalls(testbed, path, 'ADD', 'sendto,recvmsg')
    const restore = { configuration: { restoreOnDelete: true } }
    expect(callPlugin(testbed, path, 'DEL', restore).exitCode).toBe(0)
    const move = calls.findIndex(isMove)
    return calls.slice(0, move).filter((call) => call.includes(' recvmsg(')).length
  }
})
