import { readFileSync, writeFileSync } from 'node:fs'
import { execaSync } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Carrier } from '../support/vm/carriers/carrier.js'
import { hostDevice } from '../support/vm/carriers/host-device.js'
import { OciRuntimes } from '../support/vm/carriers/oci-runtimes.js'
import { THIS_PLUGIN } from '../support/vm/carriers/this-plugin.js'
import { YES } from '../support/vm/comparison/cell.js'
import {
  comparisonDocument,
  type Tried,
  withoutVersions,
} from '../support/vm/comparison/document.js'
import { type Measured, measure } from '../support/vm/comparison/measure.js'

const TEMPLATE = 'a name with `%d`: the kernel picks the number'
const TAKEN = 'a name that is taken is an error, nothing is changed'

/**
 * What the OCI runtime specification demands of `linux.netDevices`, what runc's
 * netdev.bats tries of it, and what else a device has: who does it, and that the
 * documentation says so.
 */
describe('as OCI netDevices', () => {
  let runtimes: OciRuntimes
  const tried: Tried[] = []
  const tryOut = (carrier: Carrier): Measured => {
    const measured = measure(carrier)
    tried.push({ name: carrier.name, version: carrier.version, cells: measured.cells })
    return measured
  }

  beforeAll(() => {
    execaSync('modprobe', ['dummy'])
    runtimes = new OciRuntimes()
  })
  afterAll(() => runtimes[Symbol.dispose]())

  it('this plugin does all that is demanded, but fills in no template', () => {
    const { cells, said } = tryOut(THIS_PLUGIN)
    const others = [...cells].filter(([, cell]) => cell !== YES)
    expect(others).toEqual([[TEMPLATE, 'no: an error']])
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
    const carrier = [...runtimes.all, hostDevice()].find((one) => one.name === name) as Carrier
    const { cells } = tryOut(carrier)
    expect([...cells.keys()]).toEqual([...(tried[0]?.cells.keys() ?? [])])
    expect(cells.get('a device is in the container, under its name or another')).toBe(YES)
  })

  it('docs/comparison.md is what was found', () => {
    const found = comparisonDocument(tried)
    writeFileSync('build/vm/comparison.md', found)
    const documentation = readFileSync('docs/comparison.md', 'utf8')
    expect(withoutVersions(documentation)).toBe(withoutVersions(found))
  })
})
