import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BOTH_ARTEFACTS, COMPILED } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { Testbed } from '../support/testbed.js'

/** As many lists in each other. */
const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const TOO_DEEP = 'error unmarshall network config: exceeded max depth'

const OWN = '"cniVersion": "1.1.0", "name": "lent", "type": "host-device-l3", "device": "eth1"'

describe.each(BOTH_ARTEFACTS)('JSON of more than a thousand levels: $artefact', ({ path }) => {
  let testbed: Testbed
  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  /** A configuration of so many levels, with a line break. */
  const written = (levels: number) =>
    `{${OWN}, "stateDir": "${testbed.stateDirectory}",\n "x": ${lists(levels - 1)}}`

  it.each([1001, 1500, 2100])('is refused by ADD in one way: %i', (levels) => {
    const { document } = callPlugin(testbed, path, 'ADD', { input: written(levels) })
    expect(document).toEqual({ cniVersion: '1.1.0', code: 6, msg: TOO_DEEP })
    const input = `{${OWN},\n "prevResult": {"x": ${lists(levels - 2)}}}`
    expect(callPlugin(testbed, path, 'ADD', { input }).document).toEqual(document)
  })

  it('and of a thousand is taken', () => {
    const input = written(1000)
    expect(callPlugin(testbed, path, 'ADD', { input }).exitCode).toBe(0)
    expect(callPlugin(testbed, path, 'DEL', { input }).exitCode).toBe(0)
  })

  it.each([1000, 1001, 1500, 2100])('is the same for the command line: %i', (levels) => {
    const file = `${testbed.stateDirectory}/network.conflist`
    const plugin = `{"type": "host-device-l3", "device": "eth1",\n "x": ${lists(levels - 3)}}`
    writeFileSync(file, `{"cniVersion": "1.0.0", "name": "n", "plugins": [${plugin}]}`)
    const said = [['explain', '--config'], ['doctor', '--config'], ['validate']].map((words) => {
      const { stdout, stderr } = runCommandLine(testbed, path, [...words, file])
      return stdout + stderr
    })
    for (const text of said) {
      expect(text.includes(TOO_DEEP), text).toBe(levels > 1000)
      expect(text.includes('unknown key "x"'), text).toBe(levels <= 1000)
      expect(text).not.toContain('line 1 is')
    }
  })

  it.each([999, 1000, 1500, 2100])('is no answer of IPAM: %i lists in it', (levels) => {
    using ipam = new ScriptedIpam({
      ADD: `printf '{"ips":[{"address":"198.51.100.77/24"}],"x":${lists(levels)}}'`,
    })
    const { exitCode, document } = callPlugin(testbed, path, 'ADD', {
      configuration: { ipam: { type: ipam.type } },
      variables: { CNI_PATH: ipam.directory },
    })
    if (levels <= 999) expect(exitCode).toBe(0)
    else
      expect(document).toMatchObject({
        code: 106,
        msg: `IPAM plugin "${ipam.type}" (ADD) printed what is no result: exceeded max depth`,
      })
  })
})

describe.each(BOTH_ARTEFACTS)('validate of deep YAML: $artefact', ({ path }) => {
  const HEAD = 'apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nx: '
  const maps = (levels: number) => '{a: '.repeat(levels) + '}'.repeat(levels)
  const blocks = (levels: number) => `\n${'- '.repeat(levels)}1\n`

  it.each([
    ['lists', lists],
    ['maps', maps],
    ['blocks', blocks],
  ])('has words of ours for %s', (_, make) => {
    using testbed = new Testbed()
    const file = `${testbed.stateDirectory}/deep.yaml`
    for (const levels of [150, 195, 200, 250, 400, 850, 1000, 3000, 30_000]) {
      writeFileSync(file, HEAD + make(levels))
      const { stdout } = runCommandLine(testbed, path, ['validate', file])
      // The map that x is in, and what is in the innermost one, are two more.
      expect(stdout.includes('it is nested too deeply to be checked'), stdout).toBe(levels >= 200)
      expect(stdout).not.toContain('Maximum')
    }
  })
})

it('JSON that there is no memory for is not said to end somewhere', () => {
  using testbed = new Testbed()
  const input = `{${OWN},\n "stateDir": "${testbed.stateDirectory}",\n "x": [${'[0],'.repeat(5000)}0]}`
  const said = new Set<number>()
  for (let kibibytes = 2500; kibibytes < 5500; kibibytes += 100) {
    const wrapper = ['prlimit', `--data=${kibibytes << 10}`]
    const { stdout } = callPlugin(testbed, COMPILED, 'STATUS', { wrapper, input })
    expect(stdout, `${kibibytes} KiB`).not.toContain('line 1 is')
    if (stdout.includes('memory')) said.add(kibibytes)
  }
  expect(said.size).toBeGreaterThan(0)
})
