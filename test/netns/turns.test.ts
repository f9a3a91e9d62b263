import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { LONG } from '../support/length.js'
import { type Outcome, startPlugin } from '../support/plugin.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { SmallContainer } from '../support/small-container.js'
import { Testbed } from '../support/testbed.js'

describe.skipIf(!SmallContainer.isPossible)('where memory is for one call', () => {
  let testbed: Testbed
  let container: SmallContainer
  beforeEach(() => {
    testbed = new Testbed()
    container = new SmallContainer(testbed.pod, 12)
  })
  afterEach(() => {
    container[Symbol.dispose]()
    testbed[Symbol.dispose]()
  })

  const call = (command: string, variables: Record<string, string> = {}, configuration = {}) =>
    startPlugin(testbed, COMPILED, command, {
      wrapper: container.wrapper,
      milliseconds: 150_000,
      configuration: { device: 'eth1', ...configuration },
      variables: { CNI_IFNAME: 'net9', ...variables },
    })

  /** An ADD that has its turn for so long, while others are called. */
  async function during(seconds: number, work: () => Promise<void>): Promise<Outcome> {
    using ipam = new ScriptedIpam({ ADD: `sleep ${seconds}; echo '{"cniVersion":"1.1.0"}'` })
    const add = startPlugin(testbed, COMPILED, 'ADD', {
      wrapper: container.wrapper,
      milliseconds: 150_000,
      configuration: { ipam: { type: ipam.type }, timeoutSeconds: seconds + 20 },
      variables: { CNI_PATH: ipam.directory },
    })
    await expect.poll(() => ipam.calls).toEqual(['ADD'])
    await work()
    return add
  }

  it('a call waits for its turn, and VERSION does not', async () => {
    const start = performance.now()
    const seconds = () => (performance.now() - start) / 1000
    const added = await during(5, async () => {
      expect(await call('VERSION')).toMatchObject({ exitCode: 0 })
      expect(seconds()).toBeLessThan(5)
      expect(await call('STATUS')).toMatchObject({ exitCode: 0, stdout: '' })
      expect(seconds()).toBeGreaterThan(5)
    })
    expect(added.exitCode, added.stdout).toBe(0)
  })

  it('a call waits in a group inside, too, which has no limit of its own', async () => {
    const wrapper = container.innerWrapper
    await during(5, async () => {
      const start = performance.now()
      const outcome = await startPlugin(testbed, COMPILED, 'STATUS', { wrapper })
      expect(outcome).toMatchObject({ exitCode: 0, stdout: '' })
      expect(performance.now() - start).toBeGreaterThan(2500)
    })
  })

  it('the wait for a turn counts for the time that the call may take', async () => {
    await during(5, async () => {
      const { document } = await call('STATUS', {}, { timeoutSeconds: 3 })
      expect(document).toMatchObject({ code: 11, msg: expect.stringContaining('timeoutSeconds') })
    })
  })

  it('of a call that has waited too long, no IPAM plugin is started, but to release addresses', async () => {
    using ipam = new ScriptedIpam({ DEL: 'sleep 1' })
    const configuration = { ipam: { type: ipam.type }, timeoutSeconds: 3 }
    const variables = { CNI_PATH: ipam.directory }
    await during(5, async () => {
      const [status, ended] = await Promise.all(
        ['STATUS', 'DEL'].map((command) => call(command, variables, configuration)),
      )
      const msg = expect.stringContaining('(timeoutSeconds) is over')
      expect(status?.document).toMatchObject({ msg })
      expect(ended).toMatchObject({ exitCode: 0, stdout: '' })
    })
    expect(ipam.calls).toEqual(['DEL'])
  })

  it('a call looks at each turn, although its caller has blocked the alarm', async () => {
    using larger = new SmallContainer(testbed.host, 24)
    using ipam = new ScriptedIpam({ ADD: `sleep 12; echo '{"cniVersion":"1.1.0"}'` })
    const wrapper = [...larger.wrapper, 'env', '--block-signal=ALRM']
    const add = (ifName: string) =>
      startPlugin(testbed, COMPILED, 'ADD', {
        wrapper,
        configuration: { device: ifName, ipam: { type: ipam.type } },
        variables: { CNI_IFNAME: ifName, CNI_PATH: ipam.directory },
      })
    for (const name of ['eth2', 'eth3']) testbed.addDevice(name)
    const first = add('eth2')
    await expect.poll(() => ipam.calls).toEqual(['ADD'])
    await pause(7000)
    const second = add('eth3')
    await expect.poll(() => ipam.calls).toEqual(['ADD', 'ADD'])
    let hasEnded = false
    void second.then(() => {
      hasEnded = true
    })
    // Some of these wait for the turn of the one, and some for that of the other.
    const others = Array.from({ length: 6 }, () =>
      startPlugin(testbed, COMPILED, 'STATUS', { wrapper }),
    )
    for (const { exitCode, stdout } of await Promise.all(others))
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    expect(hasEnded).toBe(false)
    for (const { exitCode, stdout } of [await first, await second]) expect(exitCode, stdout).toBe(0)
  })

  it('another container does not wait', async () => {
    using other = new SmallContainer(testbed.host, 12)
    let hasEnded = false
    const add = during(5, async () => {
      const outcome = await startPlugin(testbed, COMPILED, 'STATUS', { wrapper: other.wrapper })
      expect(outcome).toMatchObject({ exitCode: 0, stdout: '' })
      expect(hasEnded).toBe(false)
    }).finally(() => {
      hasEnded = true
    })
    expect((await add).exitCode).toBe(0)
  })

  // It waits for 90 seconds: `make test-long` does.
  it.runIf(LONG)('a call that gets no turn fails and has changed nothing', async () => {
    await during(100, async () => {
      const before = testbed.filesIn('attachments')
      const { exitCode, document } = await call('ADD')
      expect(exitCode).toBe(1)
      expect(document).toMatchObject({
        cniVersion: '1.1.0',
        code: 11,
        msg: expect.stringContaining('for a turn'),
      })
      expect(testbed.filesIn('attachments')).toEqual(before)
    })
  })
})
