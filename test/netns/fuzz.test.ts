import { existsSync, readdirSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type HostileInput, hostileInput } from '../support/hostile-input.js'
import { LONG } from '../support/length.js'
import { callPlugin, type Outcome } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const RUNS = LONG ? 100 : 25

/** Of these one that succeeds says nothing. */
const SILENT = ['DEL', 'GC', 'STATUS']

const NO_VARIABLES = {
  ...{ CNI_COMMAND: undefined, CNI_CONTAINERID: undefined, CNI_NETNS: undefined },
  ...{ CNI_IFNAME: undefined, CNI_PATH: undefined },
}

/** Whatever path an input makes up, it can only be written to below the state directory. */
const READ_ONLY = `
  mount -t tmpfs state "$0" && mount -t tmpfs temporary /var/tmp || exit 99
  mount -o remount,bind,ro / || exit 99
  exec "$@"
`

/** The inputs of the unit test again, now against the programs, whatever the command. */
describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed

  beforeEach(() => {
    testbed = new Testbed()
    // A name that no input can have by chance.
    testbed.onHost('link delete eth1')
    testbed.addDevice('the-real-device')
    testbed.onHost('address add 198.51.100.5/24 dev the-real-device')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 dev the-real-device')
  })
  afterEach(() => testbed[Symbol.dispose]())

  function call({ variables, input }: HostileInput): Outcome {
    return callPlugin(testbed, path, variables.CNI_COMMAND ?? '', {
      input,
      variables: { ...NO_VARIABLES, ...variables },
      wrapper: ['sh', '-c', READ_ONLY, testbed.stateDirectory],
    })
  }

  it(`answers ${RUNS} hostile calls with one document or nothing, and changes nothing`, () => {
    const before = testbed.hostState()
    const counts = { answered: 0, refused: 0 }
    const surroundings = {
      stateDirectory: `${testbed.stateDirectory}/state`,
      // Empty: an IPAM plugin that an input makes up cannot be there.
      searchPath: '/proc/nothing/plugins',
      sandboxPaths: [
        ...['/run/netns/none', '/proc/nothing/netns', testbed.stateDirectory],
        ...[testbed.sandboxPath, '/proc/self/ns/net', '/proc/self/ns/mnt'],
      ],
    }
    fc.assert(
      fc.property(hostileInput(surroundings), (hostile) => {
        const outcome = call(hostile)
        expectFit(outcome, hostile.variables.CNI_COMMAND ?? '')
        counts[outcome.exitCode === 0 ? 'answered' : 'refused']++
        expect(testbed.hostState()).toBe(before)
      }),
      { numRuns: RUNS },
    )
    expect(testbed.inPod('link')).not.toContain('the-real-device')
    expect(counts.answered).toBeGreaterThan(0)
    expect(counts.refused).toBeGreaterThan(RUNS / 4)
    expect(readdirSync(testbed.stateDirectory)).toEqual([])
    expect(existsSync('/proc/nothing')).toBe(false)
  })
})

/** That stdout holds one document or nothing was checked where it was decoded. */
function expectFit({ exitCode, stdout, stderr, document }: Outcome, command: string): void {
  if (exitCode === 0) {
    if (command === 'VERSION') expect(document.cniVersion).toBe('1.1.0')
    else expect(stdout).toBe('')
    expect([...SILENT, 'VERSION', '']).toContain(command)
  } else {
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({
      cniVersion: expect.stringMatching(/^\d\.\d\.\d$/),
      code: expect.any(Number),
      msg: expect.stringMatching(/./),
    })
    expect(document.code).not.toBe(999)
  }
  // In a stack each frame names a file, a line and a column.
  expect(stdout + stderr).not.toMatch(/\bat \S+:\d+:\d+|\(\S+:\d+:\d+\)|\$bunfs/)
}
