import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { placeOf } from '../../src/cni/json-place.js'
import { answerCommandLine } from '../../src/commands/command-line.js'
import { EXAMPLES } from '../support/examples.js'

const directory = mkdtempSync(`${tmpdir()}/hdl3-validate-`)
afterAll(() => rmSync(directory, { recursive: true }))

/** What validate says of a text, without the file's name. */
async function complaintsOn(text: string): Promise<string[]> {
  const file = `${directory}/file`
  writeFileSync(file, text)
  const answer = await answerCommandLine(['validate', file], () => '')
  const said = (answer as { text: string }).text
  expect(answer).toMatchObject({ kind: 'text', failed: said !== 'nothing is wrong\n' })
  if (!answer.failed) return []
  return said
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(`${file}:`, '').trim())
}

const OWN = { type: 'host-device-l3', device: 'eth1' }
const list = (...plugins: object[]) =>
  JSON.stringify({ cniVersion: '1.0.0', name: 'n', plugins }, undefined, 2)

describe('validate', () => {
  const inJson = EXAMPLES.filter((file) => !file.endsWith('.yaml'))

  it.each(inJson)('finds nothing in %s', async (file) => {
    const answer = await answerCommandLine(['validate', `cni-conf/${file}`], () => '')
    expect(answer).toEqual({ kind: 'text', text: 'nothing is wrong\n', failed: false })
  })

  it.each([
    [
      '{"name": "n",\n  "type" 1}',
      ['error unmarshall network config: line 2, column 10: ":" was expected, not "1"'],
    ],
    [
      `{"name": "n",\n "type": "host-device-l3",\n "Device": "eth1",\n  "mac": 1}`,
      [
        '4:3: mac: unknown key "mac" is ignored; "hwaddr" selects a device by its MAC address; a MAC cannot be changed',
      ],
    ],
    [
      '{"name": "n", "type": "host-device-l3", "device": "x", "mtu": 1,\n"rules": 3}',
      [
        '2:1: rules: invalid configuration: "rules" cannot be 3; it must be true or false: whether the policy rules that belong to what is carried are',
        '1:56: mtu: unknown key "mtu" is ignored; an MTU cannot be set: the device keeps what it has on the host',
      ],
    ],
    [
      '{"name": "n", "type": "bridge"}',
      ['1:1: "type" must be "host-device-l3", the name of this plugin'],
    ],
    ['apiVersion: x\nkind: y\n', [expect.stringMatching(/line 1, column 1: .*; this is YAML/)]],
    [list(), ['4:3: plugins: a list needs at least one plugin in "plugins"']],
  ])('%s', async (text, complaints) => {
    expect(await complaintsOn(text)).toEqual(complaints)
  })

  it('looks into each own entry of a list', async () => {
    const text = list(
      { type: 'bridge', mtu: 9000 },
      { ...OWN, ifName: 'net1', dns: { nameserver: [] } },
    )
    expect(await complaintsOn(text)).toEqual([
      expect.stringMatching(
        /^14:9: plugins\.1\.dns\.nameserver: unknown key "dns\.nameserver" is ignored; "nameservers"/,
      ),
    ])
  })

  it.each([
    [
      'a bridge behind',
      [OWN, { type: 'bridge' }],
      'bridge behind it makes an interface of the same name',
    ],
    [
      'a capture for nobody',
      [{ ...OWN, mode: 'capture' }],
      'nothing behind it applies what it captures',
    ],
    [
      'an apply at first',
      [{ ...OWN, mode: 'apply' }],
      'a plugin before it has to make the interface',
    ],
    [
      'an apply of nothing',
      [{ type: 'macvlan' }, { type: 'host-device-l3', mode: 'apply' }],
      'it has no state to apply',
    ],
    ['two of a name', [OWN, { ...OWN, device: 'eth2' }], 'lends a device under the same name'],
    ['no device', [{ type: 'host-device-l3' }], 'no key selects a device'],
  ])('finds a chain that does not work: %s', async (_, plugins, complaint) => {
    const found = await complaintsOn(list(...plugins))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(complaint)
  })

  it('looks into a NetworkAttachmentDefinition', async () => {
    const definition = (config: unknown) =>
      JSON.stringify({ kind: 'NetworkAttachmentDefinition', apiVersion: 'v1', spec: { config } })
    expect(await complaintsOn(definition(list(OWN)))).toEqual([])
    expect(await complaintsOn(definition(list({ ...OWN, ruels: true })))).toEqual([
      expect.stringMatching(/^1:\d+: spec\.config\.plugins\.0\.ruels: .*is "rules" meant\?$/),
    ])
    expect(await complaintsOn(definition(undefined))).toEqual([
      expect.stringContaining('has no text'),
    ])
  })

  it('says which file cannot be read, and checks the others', async () => {
    const answer = await answerCommandLine(
      ['validate', '/nothing', 'cni-conf/10-host-device-l3.conflist', '--json'],
      () => '',
    )
    expect(answer).toMatchObject({
      ...{ kind: 'document', failed: true },
      document: { findings: [{ file: '/nothing', text: expect.stringContaining('ENOENT') }] },
    })
  })
})

describe('the place of a key', () => {
  it('is found in any document', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 3 }), fc.string(), (around, key) => {
        const text = JSON.stringify(
          { a: around, b: [...around, { [key]: 'wanted' }] },
          undefined,
          1,
        )
        const { line, column } = placeOf(text, ['b', around.length, key])
        const rest = text.split('\n')[line - 1]?.slice(column - 1)
        expect(rest).toMatch(/^.*: "wanted"$/)
        expect(rest?.startsWith(JSON.stringify(key))).toBe(true)
      }),
    )
  })
})
