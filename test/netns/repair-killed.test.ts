import { readFileSync } from 'node:fs'
import { describe, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { LONG } from '../support/length.js'
import { takeSnapshot } from '../support/observer.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { at, pointsOf } from '../support/points.js'
import { Testbed } from '../support/testbed.js'

/** Of the points where something may change, every so-manieth is tried. */
const STEP = LONG ? 1 : 6

describe.concurrent.each(ARTEFACTS)('$artefact, killed during a repair', ({ path }) => {
  it('has the next repair finish', async ({ expect }) => {
    using testbed = new Testbed()
    batch(
      testbed.host,
      'address add 198.51.100.5/24 dev eth1',
      'address add 2001:db8::5/64 dev eth1 nodad',
      'route add 203.0.113.0/24 via 198.51.100.1 table 100 proto static',
      'neighbour add 198.51.100.9 lladdr 02:00:00:00:00:09 dev eth1',
      'rule add from 198.51.100.5 lookup 100 priority 50',
    )
    const added = callPlugin(testbed, path, 'ADD')
    expect(added.exitCode, added.stdout).toBe(0)
    const keys = { configuration: { prevResult: added.document, repairOnCheck: true } }
    const podState = () => takeSnapshot({ path: testbed.sandboxPath })
    const before = await podState()
    const drift = () =>
      batch(
        testbed.pod,
        'rule delete priority 50',
        'neighbour delete 198.51.100.9 dev net1',
        'address delete 198.51.100.5/24 dev net1',
        'link set net1 down',
      )
    drift()
    const { points } = pointsOf(testbed, path, 'CHECK', keys)
    await expect.poll(podState).toEqual(before)
    const changing = points.filter(({ changes }, n) => changes && n % STEP === 0)
    const file = `${testbed.stateDirectory}/killed`
    for (const point of changing) {
      drift()
      const wrapper = ['strace', '-f', '-qq', '-o', file, ...at(point, 'signal=KILL')]
      const when = `killed at ${point.kind} number ${point.nth} ${point.path ?? ''}`
      callPlugin(testbed, path, 'CHECK', { ...keys, wrapper })
      expect(readFileSync(file, 'utf8'), when).toContain('killed by SIGKILL')
      const words = ['repair', '--all', '--state-dir', testbed.stateDirectory]
      const { exitCode, stdout } = runCommandLine(testbed, path, words)
      expect(exitCode, `${when}: ${stdout}`).toBe(0)
      await expect.poll(podState, { message: when }).toEqual(before)
    }
    expect(changing.length).toBeGreaterThan(20 / STEP)
    const { exitCode, stdout } = callPlugin(testbed, path, 'DEL')
    expect(exitCode, stdout).toBe(0)
    expect(testbed.inPod('rule')).not.toContain('lookup 100')
  }, 600_000)
})
