import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { observeHost, observePod } from '../support/carried-state.js'
import { clear, force } from '../support/host-lines.js'
import { LONG } from '../support/length.js'
import { observeWholeHost } from '../support/observed-host.js'
import { callPlugin } from '../support/plugin.js'
import { randomHost } from '../support/random-host.js'
import { randomState } from '../support/random-state.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const CASES = LONG ? 60 : 15
const HOSTS = LONG ? 30 : 8

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

/** What the host had, with another device beside it, it has again. */
describe.each(ARTEFACTS)('home: $artefact', ({ path }) => {
  let testbed: Testbed
  beforeAll(() => {
    testbed = new Testbed()
    testbed.addDevice('eth2')
    testbed.inPod('link add other index 900 type ifb')
    testbed.inPod('link set other up')
    testbed.inPod('route add 203.0.113.9 dev other')
  })
  afterAll(() => testbed[Symbol.dispose]())

  const configuration = { restoreOnDelete: true }
  /** With what collides in the pod. */
  const COLLISION = ['address add 198.18.0.5/32 dev eth1', 'route add 203.0.113.9 dev eth1']

  it(`${HOSTS} random hosts with two devices get all back`, () => {
    fc.assert(
      fc.property(randomHost, fc.boolean(), (lines, fails) => {
        try {
          force(testbed.host, [...(fails ? COLLISION : []), ...lines])
          const before = observeWholeHost(testbed)
          const { exitCode, stdout, document } = callPlugin(testbed, path, 'ADD')
          expect(exitCode, stdout).toBe(fails ? 1 : 0)
          if (fails) expect(document.details).toMatch(/with its addresses and routes$/)
          else {
            const check = { configuration: { prevResult: document } }
            expect(callPlugin(testbed, path, 'CHECK', check).stdout).toBe('')
            expect(callPlugin(testbed, path, 'DEL', { configuration }).stderr).toBe('')
          }
          expect(observeWholeHost(testbed)).toEqual(before)
        } finally {
          callPlugin(testbed, path, 'DEL')
          clear(testbed.host, ['eth1', 'eth2'], lines)
        }
      }),
      { numRuns: HOSTS },
    )
  }, 600_000)
})

function batch(namespace: string, lines: string[]): void {
  // Only of a rule does `ip` not see by its addresses which family it is of.
  const isIpv6Rule = (line: string) => line.startsWith('rule') && line.includes(':')
  for (const family of ['-4', '-6']) {
    const input = lines.filter((line) => isIpv6Rule(line) === (family === '-6')).join('\n')
    const options = family === '-6' ? [family] : []
    runSync('ip', ['-n', namespace, ...options, '-batch', '-'], { input })
  }
}
