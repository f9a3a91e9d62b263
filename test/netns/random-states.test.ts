import { execaSync } from 'execa'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { observeHost, observePod } from '../support/carried-state.js'
import { LONG } from '../support/length.js'
import { callPlugin } from '../support/plugin.js'
import { randomState } from '../support/random-state.js'
import { Testbed } from '../support/testbed.js'

const CASES = LONG ? 120 : 15

/** Whatever an administrator gave the device, the pod has the very same, as `ip` shows it. */
describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed
  beforeAll(() => {
    testbed = new Testbed()
    // The same kernel settings on both sides, so that what the kernel adds is the same.
    testbed.run(testbed.pod, 'sysctl -q -w net.ipv6.conf.default.accept_dad=0')
  })
  afterAll(() => testbed[Symbol.dispose]())

  it(`carries ${CASES} random states unchanged`, () => {
    fc.assert(
      fc.property(randomState, (lines) => {
        // Rules are the host's and stay there.
        const rules = lines.filter((line) => line.startsWith('rule add'))
        try {
          batch(testbed.host, lines)
          const before = observeHost(testbed)
          const { exitCode, stdout } = callPlugin(testbed, path, 'ADD')
          expect(exitCode, stdout).toBe(0)
          expect(observePod(testbed)).toEqual(before)
        } finally {
          callPlugin(testbed, path, 'DEL')
          // Also after a line that `ip` itself would not have: to go down takes all of it away.
          batch(testbed.host, ['address flush dev eth1', 'link set eth1 down', 'link set eth1 up'])
          batch(
            testbed.host,
            rules.map((line) => line.replace('add', 'delete')),
          )
        }
      }),
      { numRuns: CASES },
    )
  }, 300_000)
})

function batch(namespace: string, lines: string[]): void {
  // Only of a rule does `ip` not see by its addresses which family it is of.
  const isIpv6Rule = (line: string) => line.startsWith('rule') && line.includes(':')
  for (const family of ['-4', '-6']) {
    const input = lines.filter((line) => isIpv6Rule(line) === (family === '-6')).join('\n')
    const options = family === '-6' ? [family] : []
    execaSync('ip', ['-n', namespace, ...options, '-batch', '-'], { input })
  }
}
