import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS, COMPILED } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const COUNT = 10_000

/**
 * Of the executable; how much Node takes depends on when it collects garbage. In Multus's container
 * there are 50 MiB for all calls at once.
 */
const MOST_KILOBYTES = 20_000

const recordOf = (testbed: Testbed) => {
  const [name] = testbed.filesIn('attachments')
  return JSON.parse(readFileSync(`${testbed.stateDirectory}/attachments/${name}`, 'utf8'))
}

function addMany({ host }: Testbed): void {
  const lines = Array.from({ length: COUNT }, (_, n) => [
    `route add 10.${n >> 8}.${n & 255}.0/24 via 198.51.100.1`,
    `route add fd00:${n.toString(16)}::/32 via 2001:db8::1`,
  ])
  batch(host, ...lines.flat())
}

describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('address add 2001:db8::5/64 dev eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  it(`carries ${COUNT} routes of each family, and brings them home`, () => {
    addMany(testbed)
    const routes = (words: string) =>
      words
        .split('\n')
        .filter((line) => line.includes(' via '))
        .toSorted()
    const before = ['-4', '-6'].map((family) => routes(testbed.onHost(`${family} route`)))
    expect(before.map(({ length }) => length)).toEqual([COUNT, COUNT])

    const report = `${testbed.stateDirectory}/peak`
    const wrapper = ['time', '-q', '-f', '%M', '-o', report]
    const call = (command: string, configuration: Record<string, unknown> = {}) => {
      const outcome = callPlugin(testbed, path, command, { wrapper, configuration })
      if (path === COMPILED)
        expect(Number(readFileSync(report, 'utf8'))).toBeLessThan(MOST_KILOBYTES)
      return outcome
    }
    const { exitCode, document } = call('ADD')
    expect(exitCode).toBe(0)
    expect(document.routes).toHaveLength(2 * COUNT)
    // Which an older version leaves alone: it would bring the device home without these routes.
    expect(recordOf(testbed)).toMatchObject({ format: 3, state: { packed: { length: 2 } } })
    const after = ['-4', '-6'].map((family) => routes(testbed.inPod(`${family} route`)))
    expect(after).toEqual(
      before.map((lines) => lines.map((line) => line.replace('dev eth1', 'dev net1'))),
    )
    expect(call('CHECK', { prevResult: document })).toMatchObject({ exitCode: 0, stdout: '' })
    // As later plugins do: before them, and between them.
    for (const other of ['9.0.0.0/24', '9.0.1.0/24', '10.9.9.128/25', '10.9.9.192/26'])
      testbed.inPod(`route add ${other} via 198.51.100.1`)
    expect(call('CHECK', { prevResult: document })).toMatchObject({ exitCode: 0, stdout: '' })
    for (const missing of ['10.7.0.0/24', 'fd00:77::/32']) testbed.inPod(`route del ${missing}`)
    expect(call('CHECK', { prevResult: document }).document.msg).toMatch(
      /: route 10\.7\.0\.0\/24 via .* is missing; route fd00:77::\/32 via .* is missing$/,
    )
    expect(call('DEL').exitCode).toBe(0)
    expect(['-4', '-6'].map((family) => routes(testbed.onHost(`${family} route`)))).toEqual(before)
  })

  it('misses in CHECK a route of a table where another table has one like it', () => {
    for (let n = 0; n < 20; n++)
      for (const table of [254, 100])
        testbed.onHost(`route add 10.0.${n}.0/24 via 198.51.100.1 table ${table}`)
    const prevResult = callPlugin(testbed, path, 'ADD').document
    expect(recordOf(testbed).state.packed).toHaveLength(2)
    const faults = () =>
      callPlugin(testbed, path, 'CHECK', { configuration: { prevResult } }).document?.msg
    expect(faults()).toBeUndefined()
    testbed.inPod('route del 10.0.7.0/24 table 100')
    expect(faults()).toMatch(/: route 10\.0\.7\.0\/24 via 198\.51\.100\.1 .*table 100 is missing$/)
    // As the plugin sbr moves a route: the result tells of no table.
    testbed.inPod('route add 10.0.7.0/24 via 198.51.100.1 dev net1 table 101')
    expect(faults()).toBeUndefined()
  })

  it('writes a record that the version before understands where few routes are alike', () => {
    for (let n = 0; n < 15; n++) testbed.onHost(`route add 10.0.${n}.0/24 via 198.51.100.1`)
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    expect(recordOf(testbed)).toMatchObject({ format: 2 })
    expect(recordOf(testbed).state).not.toHaveProperty('packed')
    expect(callPlugin(testbed, path, 'DEL').exitCode).toBe(0)
  })

  const LIMITS = Array.from({ length: 17 }, (_, n) => (10 + 2 * n) * 1024)
  it.runIf(path === COMPILED)(
    'answers ADD of them with a document at any limit of memory',
    () => {
      addMany(testbed)
      const before = testbed.hostState()
      const answers = LIMITS.map((kilobytes) => {
        const wrapper = ['bash', '-c', `ulimit -v ${kilobytes}; exec "$0" "$@"`]
        const { exitCode, document } = callPlugin(testbed, path, 'ADD', { wrapper })
        if (exitCode === 0) expect(callPlugin(testbed, path, 'DEL').exitCode).toBe(0)
        else expect(document).toMatchObject({ code: expect.any(Number), msg: expect.any(String) })
        expect(testbed.hostState()).toBe(before)
        expect(testbed.filesIn('attachments')).toEqual([])
        return exitCode
      })
      expect(new Set(answers)).toEqual(new Set([0, 1]))
    },
    120_000,
  )
})
