import { readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { runSync } from '../support/run-sync.js'
import {
  comparisonDocument,
  type Tried,
  withoutVersions,
} from '../support/vm/comparison/document.js'
import { type Measured, measure } from '../support/vm/comparison/measure.js'
import { type Outcome, YES } from '../support/vm/comparison/outcome.js'
import { hostDevice } from '../support/vm/movers/host-device.js'
import { OciRuntimes } from '../support/vm/movers/oci-runtimes.js'
import { THIS_PLUGIN } from '../support/vm/movers/this-plugin.js'

const TEMPLATE = 'a name with `%d`: the kernel picks the number'
const TAKEN = 'a name that is taken is an error, nothing is changed'

/**
 * What the OCI runtime specification demands of `linux.netDevices`, what runc's
 * netdev.bats tries of it, and what else a device has: who does it, and that the
 * documentation says so.
 */
describe('as OCI netDevices', () => {
  const measured = new Map<string, Measured>()
  const tried: Tried[] = []
  const outcomesOf = (name: string) => measured.get(name)?.outcomes ?? new Map<string, Outcome>()

  beforeAll(() => {
    runSync('modprobe', ['dummy'])
    using runtimes = new OciRuntimes()
    for (const mover of [THIS_PLUGIN, ...runtimes.all, hostDevice()]) {
      const { name, version } = mover
      const one = measure(mover)
      measured.set(name, one)
      tried.push({ name, version, outcomes: one.outcomes })
    }
  }, 600_000)

  it('this plugin does all that is demanded, but fills in no template', () => {
    const others = [...outcomesOf(THIS_PLUGIN.name)].filter(([, outcome]) => outcome !== YES)
    expect(others).toEqual([[TEMPLATE, 'no: an error']])
    const { said } = measured.get(THIS_PLUGIN.name) ?? { said: new Map<string, string>() }
    expect(JSON.parse(said.get(TEMPLATE) ?? '')).toMatchObject({
      code: 104,
      msg: expect.stringMatching(/as net%d: the kernel takes a name with % for a template$/),
    })
    expect(JSON.parse(said.get(TAKEN) ?? '')).toMatchObject({
      code: 101,
      msg: expect.stringContaining('the name taken is taken there (file exists)'),
    })
  })

  it.each(['runc', 'crun', '`host-device`'])('%s, whatever it does', (name) => {
    expect([...outcomesOf(name).keys()]).toEqual([...outcomesOf(THIS_PLUGIN.name).keys()])
    expect(outcomesOf(name).get('a device is in the container, under its name or another')).toBe(
      YES,
    )
  })

  it('docs/comparison.md is what was found', () => {
    const documentation = readFileSync('docs/comparison.md', 'utf8')
    const found = comparisonDocument(documentation, tried)
    writeFileSync('build/vm/comparison.md', found)
    expect(withoutVersions(documentation)).toBe(withoutVersions(found))
  })
})
