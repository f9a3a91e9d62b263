import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { LONG } from '../support/length.js'
import { type CallOptions, callPlugin, type Outcome, startPlugin } from '../support/plugin.js'
import { tampered } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

const DEVICES = LONG ? 64 : 16
const RIVALS = LONG ? 32 : 8
const ROUNDS = LONG ? 200 : 25
/** Of these GC ends every other one. */
const ATTACHMENTS = LONG ? 100 : 20

describe.each(ARTEFACTS)('many calls at once: $artefact', ({ path }) => {
  let testbed: Testbed
  const start = (command: string, options: CallOptions) =>
    startPlugin(testbed, path, command, options)
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
  const failures = (outcomes: Outcome[]) => outcomes.filter(({ exitCode }) => exitCode !== 0)

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it(`${DEVICES} ADDs for as many devices, then their DELs`, async () => {
    for (const n of numbers(DEVICES)) {
      testbed.addDevice(`nic${n}`)
      testbed.onHost(`address add 10.0.${n}.1/24 dev nic${n}`)
    }
    const callAll = (command: string) =>
      Promise.all(
        numbers(DEVICES).map((n) =>
          start(command, {
            configuration: { device: `nic${n}` },
            variables: { CNI_CONTAINERID: `container-${n}`, CNI_IFNAME: `pod${n}` },
          }),
        ),
      )
    expect(failures(await callAll('ADD'))).toEqual([])
    const addresses = testbed.inPod('-4 -oneline address')
    for (const n of numbers(DEVICES))
      expect(addresses).toMatch(new RegExp(`pod${n}\\s+inet 10\\.0\\.${n}\\.1/24`))
    expect(testbed.filesIn('attachments')).toHaveLength(DEVICES)
    expect(failures(await callAll('DEL'))).toEqual([])
    expect(testbed.onHost('link').match(/nic\d+@/g)).toHaveLength(DEVICES)
    expect([...testbed.filesIn('attachments'), ...testbed.filesIn('locks')]).toEqual([])
  })

  describe('an ADD beside the DEL of the loan before', () => {
    const next = { variables: { CNI_CONTAINERID: 'container-2' } }
    const record = () => `${testbed.stateDirectory}/attachments/container-1:net1.json`

    it('has the device that came home after it had looked at the host', async () => {
      callPlugin(testbed, path, 'ADD')
      const directory = ['-P', `${testbed.stateDirectory}/attachments`]
      const slow = tampered(...directory, '-e', 'inject=openat,open:delay_enter=3s:when=1')
      const added = start('ADD', { ...next, wrapper: slow })
      await sleep(1000)
      expect(callPlugin(testbed, path, 'DEL').exitCode).toBe(0)
      expect(await added).toMatchObject({ exitCode: 0 })
    })

    it('has the device that is home, once the DEL has ended', async () => {
      callPlugin(testbed, path, 'ADD')
      const slow = tampered('-P', record(), '-e', 'inject=unlink,unlinkat:delay_enter=3s:when=1')
      const deleted = start('DEL', { wrapper: slow })
      await expect.poll(() => testbed.onHost('link')).toContain('eth1@')
      const added = await start('ADD', next)
      expect(added.stdout).not.toContain('is lent to')
      expect(added.exitCode).toBe(0)
      expect((await deleted).exitCode).toBe(0)
    })
  })

  it.each([
    ['without an alias', ''],
    ['with an alias, as if it were back from a loan', 'uplink'],
  ])(`${RIVALS} ADDs for one device %s: one has it, the others say who`, async (_, alias) => {
    if (alias !== '') testbed.onHost(`link set eth1 alias ${alias}`)
    const outcomes = await Promise.all(
      numbers(RIVALS).map((n) =>
        start('ADD', { variables: { CNI_CONTAINERID: `container-${n}`, CNI_IFNAME: `pod${n}` } }),
      ),
    )
    const winner = outcomes.findIndex(({ exitCode }) => exitCode === 0)
    const losers = failures(outcomes)
    expect(losers).toHaveLength(RIVALS - 1)
    for (const { document } of losers)
      expect(document).toMatchObject({
        code: 11,
        msg: expect.stringMatching(
          `^eth1 is lent to container container-${winner} since [-0-9]{10} ..:.. UTC, as pod${winner} in sandbox ${testbed.sandboxPath}$`,
        ),
      })
    expect(testbed.inPod('-4 address')).toContain(`198.51.100.5/24 scope global pod${winner}`)
    expect(testbed.filesIn('attachments')).toEqual([`container-${winner}:pod${winner}.json`])
  })

  it(`ADD against DEL of one attachment, ${ROUNDS} times`, async () => {
    for (const _ of numbers(ROUNDS)) {
      const [added, deleted] = await Promise.all([start('ADD', {}), start('DEL', {})])
      expect([added.exitCode, deleted.exitCode], `${added.stdout}${deleted.stdout}`).toEqual([0, 0])
      // Whichever came first, the record and the device agree.
      const isLent = testbed.inPod('link').includes('net1')
      expect(testbed.filesIn('attachments')).toHaveLength(isLent ? 1 : 0)
      if (isLent) expect(callPlugin(testbed, path, 'DEL').exitCode).toBe(0)
      expect(testbed.onHost('link show dev eth1 up')).toContain('eth1')
    }
    expect([...testbed.filesIn('attachments'), ...testbed.filesIn('locks')]).toEqual([])
  }, 300_000)

  it(`${ATTACHMENTS} attachments, of which GC ends those that are not valid`, () => {
    for (const n of numbers(ATTACHMENTS)) {
      testbed.onHost(`link add name nic${n} type ifb`)
      const { exitCode, stdout } = callPlugin(testbed, path, 'ADD', {
        configuration: { device: `nic${n}` },
        variables: { CNI_CONTAINERID: `container-${n}`, CNI_IFNAME: `pod${n}` },
      })
      expect(exitCode, stdout).toBe(0)
    }
    const valid = numbers(ATTACHMENTS / 2).map((n) => ({
      containerID: `container-${2 * n}`,
      ifname: `pod${2 * n}`,
    }))
    const outcome = callPlugin(testbed, path, 'GC', {
      configuration: { 'cni.dev/valid-attachments': valid },
    })
    expect(outcome).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
    const home = testbed.onHost('link').match(/nic\d+/g)
    expect(home).toEqual(numbers(ATTACHMENTS / 2).map((n) => `nic${2 * n + 1}`))
    expect(testbed.filesIn('attachments')).toHaveLength(ATTACHMENTS / 2)
  })
})
