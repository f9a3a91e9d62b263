import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { AttachedPrograms, type Place } from '../support/attach-program.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const PLACES: Place[] = ['xdp', 'xdp-link', 'tcx-ingress', 'tcx-egress', 'tcx-link']

/** How `explain`, warnings and errors name them. */
const NAMES: Record<Place, RegExp> = {
  xdp: /xdp program \d+/,
  'xdp-link': /xdp program \d+/,
  'tcx-ingress': /tcx ingress program \d+/,
  'tcx-egress': /tcx egress program \d+/,
  'tcx-link': /tcx ingress program \d+/,
}

describe.each(ARTEFACTS)('programs that others attached: $artefact', ({ path }) => {
  let testbed: Testbed
  let programs: AttachedPrograms
  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    programs = new AttachedPrograms()
  })
  afterEach(async () => {
    await programs[Symbol.asyncDispose]()
    testbed[Symbol.dispose]()
  })
  const call = (command: string, configuration: object = {}) => {
    const outcome = callPlugin(testbed, path, command, {
      configuration: { restoreOnDelete: true, ...configuration },
    })
    expect(outcome.exitCode, outcome.stdout).toBe(0)
    return outcome
  }
  const hostReaches = () =>
    testbed.run(testbed.host, 'ping -c 1 -W 1 198.51.100.1', { reject: false }).exitCode === 0
  const explained = () => runCommandLine(testbed, path, ['explain', 'eth1']).stdout

  it.each(PLACES)('%s: goes along and comes home again, with a warning', async (place) => {
    expect(explained()).not.toContain('programs of others')
    await programs.attach(testbed.host, 'eth1', place)
    expect(explained()).toMatch(NAMES[place])
    const { stderr } = call('ADD')
    expect(stderr).toMatch(NAMES[place])
    expect(stderr).toContain('of the host went along with eth1')
    expect(testbed.podReaches('198.51.100.1', 1)).toBe(false)
    expect(call('DEL').stderr).toBe('')
    expect(hostReaches()).toBe(false)
    expect(explained()).toMatch(NAMES[place])
  })

  it.each(PLACES)('%s: is detached where that is asked for', async (place) => {
    await programs.attach(testbed.host, 'eth1', place)
    const { stderr, document } = call('ADD', { foreignPrograms: 'detach' })
    expect(stderr).toMatch(NAMES[place])
    expect(stderr).toContain('as configured')
    expect(testbed.podReaches('198.51.100.1')).toBe(true)
    call('CHECK', { prevResult: document, foreignPrograms: 'detach' })
    expect(call('DEL').stderr).toBe('')
    expect(hostReaches()).toBe(true)
  })

  it.each(PLACES)('%s: keeps the device from being lent where that is asked for', async (place) => {
    await programs.attach(testbed.host, 'eth1', place)
    const before = testbed.hostState()
    const configuration = { foreignPrograms: 'refuse' }
    const { document } = callPlugin(testbed, path, 'ADD', { configuration })
    expect(document).toMatchObject({ code: 104, msg: expect.stringMatching(NAMES[place]) })
    expect(document.details).toContain('nothing was changed')
    expect(testbed.hostState()).toBe(before)
  })

  it('a failed ADD leaves them, also where they are to be detached', async () => {
    await programs.attach(testbed.host, 'eth1', 'xdp')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    testbed.inPod('link add other index 900 type ifb')
    testbed.inPod('link set other up')
    testbed.inPod('route add 203.0.113.0/24 dev other')
    const configuration = { foreignPrograms: 'detach' }
    expect(callPlugin(testbed, path, 'ADD', { configuration }).exitCode).toBe(1)
    expect(explained()).toMatch(NAMES.xdp)
  })

  describe('tc filters', () => {
    const tc = (words: string) => runSync('tc', ['-n', testbed.host, ...words.split(' ')]).stdout
    const mirror = 'pref 7 protocol ip u32 match u32 0 0 action mirred egress mirror dev lo'
    beforeEach(() => {
      tc('qdisc add dev eth1 clsact')
      tc(`filter add dev eth1 ingress ${mirror}`)
      tc(`filter add dev eth1 egress ${mirror}`)
    })

    it('are listed, and named in a warning when the kernel removes them', () => {
      expect(explained()).toContain('tc filter ingress pref 7 u32')
      expect(explained()).toContain('tc filter egress pref 7 u32')
      expect(call('ADD').stderr).toContain(
        'the kernel has removed from eth1, which does not get it back: qdisc clsact, tc filter ingress pref 7 u32, tc filter egress pref 7 u32',
      )
      call('DEL')
      expect(tc('filter show dev eth1 ingress')).toBe('')
    })

    it('keep the device from being lent where that is asked for', () => {
      const configuration = { foreignPrograms: 'refuse' }
      const { document } = callPlugin(testbed, path, 'ADD', { configuration })
      expect(document).toMatchObject({
        code: 104,
        msg: 'cannot lend eth1: it has tc filter ingress pref 7 u32, tc filter egress pref 7 u32',
      })
      expect(tc('filter show dev eth1 ingress')).toContain('u32')
    })

    it.each(['clsact', 'ingress'])('or not: an empty %s qdisc is named, too', (kind) => {
      tc('qdisc delete dev eth1 clsact')
      tc(`qdisc add dev eth1 ${kind}`)
      expect(runCommandLine(testbed, path, ['explain', 'eth1']).stdout).toContain(`qdisc ${kind}`)
      expect(call('ADD', { foreignPrograms: 'refuse' }).stderr).toContain(
        `the kernel has removed from eth1, which does not get it back: qdisc ${kind}`,
      )
    })

    it('of an ingress qdisc are listed once', () => {
      tc('qdisc delete dev eth1 clsact')
      tc('qdisc add dev eth1 ingress')
      tc(`filter add dev eth1 ingress ${mirror}`)
      const { stdout } = runCommandLine(testbed, path, ['explain', 'eth1', '--json'])
      expect(JSON.parse(stdout).programs).toEqual([expect.stringMatching(/^tc filter/)])
    })
  })

  it('reports them in the log file', async () => {
    await programs.attach(testbed.host, 'eth1', 'xdp')
    const logFile = `${testbed.stateDirectory}/log`
    call('ADD', { logFile })
    expect(readFileSync(logFile, 'utf8')).toMatch(/"level":"warning","event":"xdp program \d+/)
  })

  it.each(PLACES)("%s of the pod's is gone when the device is home", async (place) => {
    call('ADD')
    await programs.attach(testbed.pod, 'net1', place)
    expect(testbed.podReaches('198.51.100.1', 1)).toBe(false)
    expect(call('DEL').stderr).toBe('')
    expect(hostReaches()).toBe(true)
    expect(explained()).not.toContain('programs of others')
  })

  it.each(['xdp', 'xdp-link', 'tcx-link'] as const)(
    "%s of the host's is missed when it was detached: CHECK fails, and DEL warns",
    async (place) => {
      await programs.attach(testbed.host, 'eth1', place)
      const prevResult = call('ADD').document
      call('CHECK', { prevResult })
      if (place === 'xdp') testbed.inPod('link set net1 xdp off')
      else await programs.endLinks()
      const { document } = callPlugin(testbed, path, 'CHECK', { configuration: { prevResult } })
      expect(document).toMatchObject({
        code: 105,
        msg: expect.stringMatching(/net1 in .*: program \d+ of the host is not on it$/),
      })
      expect(call('DEL').stderr).toMatch(
        /eth1 is home without program \d+ of the host, which its pod may have detached/,
      )
    },
  )

  it("the host's stays when the pod's goes", async () => {
    await programs.attach(testbed.host, 'eth1', 'tcx-egress')
    const before = explained()
    call('ADD')
    for (const place of ['xdp', 'tcx-link'] as const)
      await programs.attach(testbed.pod, 'net1', place)
    call('DEL')
    const shown = (text: string) => text.slice(text.indexOf('programs of others'))
    expect(shown(explained())).toBe(shown(before))
  })

  it('what cannot be detached keeps the device down, and DEL says so', async () => {
    call('ADD')
    await programs.attach(testbed.pod, 'net1', 'xdp-link')
    // No link can be opened.
    const { document } = callPlugin(testbed, path, 'DEL', {
      wrapper: ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=bpf:error=EPERM'],
    })
    expect(document).toMatchObject({
      code: 103,
      msg: expect.stringMatching(/cannot detach xdp program \d+ from eth1, which its pod has/),
      details: `the device is on the host as eth1, down; a later DEL tries again; DEL was for eth1, as net1 in sandbox ${testbed.sandboxPath}`,
    })
    expect(testbed.onHost('link show dev eth1 up')).toBe('')
    call('DEL')
    expect(testbed.onHost('link show dev eth1 up')).toContain('eth1')
    expect(hostReaches()).toBe(true)
  })
})
