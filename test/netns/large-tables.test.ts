import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ARTEFACTS, COMPILED } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { LONG } from '../support/length.js'
import { callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const ROUTES = LONG ? 300_000 : 50_000
const RULES = LONG ? 20_000 : 10_000
const PART = 50_000

/** Of the executable: it takes three megabytes for a small table. Of Node, memory says little. */
const MOST_KILOBYTES = 8_000

const MISSING = 100_000
const MOST_BYTES = 64 * 1024

/** A pod decides what its tables hold: the memory and the answers of a call do not depend on it. */
describe(`a pod with ${ROUTES} routes and ${RULES} rules`, () => {
  let testbed: Testbed
  let prevResult: { routes: object[] }

  beforeAll(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 100')
    testbed.onHost('rule add from 198.51.100.5 lookup 100 priority 50')
    prevResult = callPlugin(testbed, COMPILED, 'ADD').document
    const routes = Array.from(
      { length: ROUTES },
      (_, n) => `route add 10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32 dev net1`,
    )
    const rules = Array.from({ length: RULES }, (_, n) => `rule add fwmark ${n + 1} priority 50`)
    for (let n = 0; n < ROUTES; n += PART) batch(testbed.pod, ...routes.slice(n, n + PART))
    batch(testbed.pod, ...rules)
  }, 300_000)
  afterAll(() => testbed[Symbol.dispose]())

  function call(path: string, command: string, configuration: object) {
    const report = `${testbed.stateDirectory}/peak`
    const wrapper = ['time', '-q', '-f', '%M', '-o', report]
    const outcome = callPlugin(testbed, path, command, {
      wrapper,
      configuration: { ...configuration, timeoutSeconds: 200 },
    })
    return { ...outcome, kilobytes: path === COMPILED ? Number(readFileSync(report, 'utf8')) : 0 }
  }

  describe.each(ARTEFACTS)('and $artefact', ({ path }) => {
    it('agrees in CHECK', () => {
      const { kilobytes, ...outcome } = call(path, 'CHECK', { prevResult })
      expect(outcome).toMatchObject({ exitCode: 0, stdout: '' })
      expect(kilobytes).toBeLessThan(MOST_KILOBYTES)
    })

    it(`names twenty of ${MISSING} missing routes, and says how many more there are`, () => {
      const logFile = `${testbed.stateDirectory}/log-of-${path.endsWith('.cjs') ? 'Node' : 'it'}`
      const absent = Array.from({ length: MISSING }, (_, n) => ({
        dst: `11.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`,
      }))
      const routes = [...prevResult.routes, ...absent]
      const { document, stdout } = call(path, 'CHECK', {
        prevResult: { ...prevResult, routes },
        logFile,
      })
      expect(document.msg.split('; ')).toHaveLength(21)
      expect(document.msg).toMatch(/: route 11\.0\.0\.0\/32 dev net1 .*; and 99980 more$/)
      const log = readFileSync(logFile, 'utf8')
      expect(log).toContain('and 99980 more')
      for (const text of [stdout, log]) expect(text.length).toBeLessThan(MOST_BYTES)
    })
  })

  it('says what is in the place of a carried route, without the others to that destination', () => {
    const other = '203.0.113.0/24 via 198.51.100.7'
    const tables = Array.from({ length: 40 }, (_, n) => `table ${n + 1000}`)
    const metrics = Array.from({ length: 500 }, (_, n) => `metric ${500 - n}`)
    testbed.inPod('route delete 203.0.113.0/24 table 100')
    testbed.inPod('route add 203.0.113.0/24 via 198.51.100.9 table 100')
    batch(
      testbed.pod,
      ...tables.flatMap((table) => metrics.map((one) => `route add ${other} ${table} ${one}`)),
    )
    const { document, exitCode, kilobytes } = call(COMPILED, 'CHECK', {
      prevResult,
      repairOnCheck: true,
    })
    expect(exitCode, JSON.stringify(document)).not.toBe(0)
    expect(document.msg).toContain('203.0.113.0/24')
    expect(kilobytes).toBeLessThan(MOST_KILOBYTES)
  })

  // Last: it ends the attachment.
  it('has no part in the memory that DEL takes', () => {
    const { exitCode, kilobytes } = call(COMPILED, 'DEL', {})
    expect(exitCode).toBe(0)
    expect(kilobytes).toBeLessThan(MOST_KILOBYTES)
    expect(testbed.onHost('link show eth1')).toContain('eth1')
    expect(testbed.inPod('rule show priority 50')).not.toContain('198.51.100.5')
  })
})
