import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { placeOf } from '../../src/cni/json-place.js'
import { answerCommandLine } from '../../src/commands/line/command-line.js'
import { EXAMPLES } from '../support/examples.js'

const directory = mkdtempSync(`${tmpdir()}/hdl3-validate-`)
afterAll(() => rmSync(directory, { recursive: true }))

/** What validate says of a text, without the file's name. */
async function complaintsOn(text: string, name = 'file'): Promise<string[]> {
  const file = `${directory}/${name}`
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
  it.each(EXAMPLES)('finds nothing in %s', async (file) => {
    const answer = await answerCommandLine(['validate', `cni-conf/${file}`], () => '')
    expect(answer).toEqual({ kind: 'text', text: 'nothing is wrong\n', failed: false })
  })

  it.each([
    [
      '{"name": "n",\n  "type" 1}',
      ['2:10: error unmarshall network config: line 2, column 10: ":" was expected, not "1"'],
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
    [
      'apiVersion: x\nkind: y\n',
      ['1:1: this is a Kubernetes object, but no NetworkAttachmentDefinition with a spec'],
    ],
    [
      'name: n\ntype: host-device-l3\ndevice: eth1\nmtu: 1\n',
      [
        expect.stringMatching(/^1:1: this is YAML; a plugin is given JSON/),
        expect.stringMatching(/^4:1: mtu: unknown key "mtu" is ignored/),
      ],
    ],
    [list(), ['4:3: plugins: a list needs at least one plugin in "plugins"']],
  ])('%s', async (text, complaints) => {
    expect(await complaintsOn(text)).toEqual(complaints)
  })

  it.each([
    ['hwaddr', '02:00:5e:00:00', 'failed to parse MAC address "02:00:5e:00:00"'],
    ['kernelpath', '/dev/net/eth1', 'must be absolute and begin with /sys/devices/'],
    ['ifName', 'net%d', 'the kernel takes a name with % for a template'],
    ['device', 'lo', 'every sandbox has a loopback device of its own'],
    ['device', 'eth 1', 'which only an alternative name can have'],
    ['sysctls', ['net.ipv4.conf.rpfilter'], 'is "net.ipv4.conf.rp_filter" meant?'],
    ['ipam', { type: '../x' }, 'invalid plugin name: ../x'],
    ['pciBusID', '0000:01:00.g', 'is no PCI address'],
  ])('finds what ADD refuses on every host: %s %o', async (key, value, complaint) => {
    const found = await complaintsOn(JSON.stringify({ name: 'n', ...OWN, [key]: value }))
    expect(found).toEqual([expect.stringContaining(complaint)])
    expect(found[0]).toMatch(`: ${key}`)
  })

  it('has nothing against what ADD accepts there', async () => {
    const right = { ...OWN, name: 'n', hwaddr: '02-00-5E-00-00-01', kernelpath: '/sys/devices/x' }
    const sysctls = ['net.ipv4.conf.rp_filter', 'net.ipv6.neigh.ucast_solicit', 'net.ipv4.conf.zz']
    const document = { ...right, sysctls, ifName: 'net1', ipam: { type: 'static' }, device: '' }
    expect(await complaintsOn(JSON.stringify(document))).toEqual([])
  })

  it.each([
    ['disableChek', { disableChek: true }, 'is "disableCheck" meant?'],
    ['disableCheck', { disableCheck: 'yes' }, '"disableCheck" of a list must be true or false'],
    ['disableGC', { disableGC: 1 }, '"disableGC" of a list must be true or false'],
    ['cniVersions', { cniVersions: '1.1.0' }, '"cniVersions" must be a list of versions'],
    [
      'cniVersions',
      { cniVersion: undefined, cniVersions: ['9.9'] },
      'incompatible CNI versions; config is "9.9"',
    ],
    ['Name', { name: undefined, Name: 'n' }, 'is "name" meant?'],
    ['nmae', { name: undefined, nmae: 'n' }, 'is "name" meant?'],
    ['name', { name: '-' }, 'invalid characters found in network name'],
    ['cniVersion', { cniVersion: '1.2.3' }, 'incompatible CNI versions'],
    ['device', { device: 'eth1' }, 'is a key of an entry of "plugins"'],
    ['plugin', { plugins: undefined, plugin: [OWN] }, 'is "plugins" meant?'],
  ])(
    'finds what is wrong in the keys of a list, at its place: %s %o',
    async (key, keys, complaint) => {
      const good = {
        cniVersion: '1.0.0',
        name: 'n',
        plugins: [OWN, { ...OWN, device: 'eth2', ifName: 'net2' }],
      }
      const text = JSON.stringify({ ...good, ...keys }, undefined, 1)
      const line = text.split('\n').findIndex((one) => one.startsWith(` "${key}"`)) + 1
      const found = await complaintsOn(text)
      expect(found).toEqual([expect.stringContaining(complaint)])
      expect(found[0]).toMatch(`${line}:2: ${key}: `)
    },
  )

  it('accepts what runtimes accept in a list', async () => {
    const rest = { name: 'n', plugins: [OWN], 'example.org/x': 1, comment: 'x' }
    const flags = { disableCheck: 'True', disableGC: false, loadOnlyInlinedPlugins: true }
    const versions = { cniVersion: '0.4.0', cniVersions: ['1.1.0', '9.9.9'] }
    expect(await complaintsOn(JSON.stringify({ ...rest, ...flags, ...versions }))).toEqual([])
  })

  it.each(['host-device-13', 'Host-Device-L3', 'host-devcie-l3'])(
    'names a type that is like this plugin: %s',
    async (type) => {
      expect(await complaintsOn(list({ ...OWN, type }))).toEqual([
        `6:7: plugins.0.type: "${type}" is another plugin; is "host-device-l3" meant?`,
      ])
    },
  )

  it('names both places of a key that is there twice', async () => {
    const own = '"type": "host-device-l3",\n"device": "eth1",\n  "Device": "eth2"'
    const twice = 'is there twice, also in line 2, column 1; only the last one counts'
    expect(await complaintsOn(`{"name": "n", ${own}}`)).toEqual([`3:3: the key "Device" ${twice}`])
    const ipam = '"ipam": {"type": "static", "x": 1, "y": [{"x": 1}, {"x": 1}], "x": {"x": 1}}'
    const text = `{"name": "n", "plugins": [{${own.replace('Device', 'ifName')},\n${ipam}}]}`
    expect(await complaintsOn(text)).toEqual([
      '4:63: the key "x" is there twice, also in line 4, column 28; only the last one counts',
    ])
    const kind = '"kind": "NetworkAttachmentDefinition"'
    const config = JSON.stringify('{"type": "host-device-l3", "rules": true, "rules": true}')
    expect(await complaintsOn(`{${kind}, "spec": {"config": ${config}}}`)).toContainEqual(
      expect.stringMatching(/: spec\.config: the key "rules" is there twice, /),
    )
    expect(await complaintsOn(list({ ...OWN, args: { a: 1, A: 2 } }))).toEqual([])
  })

  it('has nothing against the plugin host-device', async () => {
    expect(await complaintsOn(list({ ...OWN, type: 'host-device' }))).toEqual([])
  })

  it.each([
    ['gvisor.timeoutSeconds', { gvisor: { timeoutSeconds: 'x' } }],
    ['routes.default', { routes: { default: 1 } }],
    ['sysctls.1', { sysctls: ['net.ipv4.conf.rp_filter', 'x'] }],
    ['dns.search.1', { dns: { search: ['x', 1], domain: 'x' } }],
    ['rules', { rules: 1 }],
  ])('says where inside a value is wrong: %s', async (path, keys) => {
    const found = await complaintsOn(JSON.stringify({ name: 'n', ...OWN, ...keys }))
    expect(found).toEqual([expect.stringMatching(`: ${path}: invalid configuration: `)])
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
    ['a device twice', [OWN, { ...OWN, ifName: 'net2' }], 'lends the same device'],
    ['no device', [{ type: 'host-device-l3' }], 'no key selects a device'],
  ])('finds a chain that does not work: %s', async (_, plugins, complaint) => {
    const found = await complaintsOn(list(...plugins))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(complaint)
  })

  it('finds all wrong values of an entry, each in its place', async () => {
    const found = await complaintsOn(list({ ...OWN, force: 'yes', rules: 'maybe' }))
    expect(found).toHaveLength(2)
    expect(found.join('\n')).toMatch(/plugins\.0\.force: .*"force" cannot be "yes"/)
    expect(found.join('\n')).toMatch(/plugins\.0\.rules: .*"rules" cannot be "maybe"/)
  })

  it('takes a definition without a name in its config, which Multus adds', async () => {
    const definition = (config: object) =>
      JSON.stringify({
        kind: 'NetworkAttachmentDefinition',
        metadata: { name: 'n' },
        spec: { config: JSON.stringify(config) },
      })
    expect(await complaintsOn(definition(OWN))).toEqual([])
    expect(await complaintsOn(definition({ cniVersion: '1.0.0', plugins: [OWN] }))).toEqual([])
    expect(await complaintsOn(definition({ ...OWN, name: '/' }))).toEqual([
      expect.stringContaining('invalid characters found in network name'),
    ])
    expect(await complaintsOn(JSON.stringify(OWN))).toEqual(['1:1: name: missing network name'])
  })

  it('names what is misspelled of a definition', async () => {
    const spec = { config: JSON.stringify(OWN) }
    const kind = 'NetworkAttachmentDefinition'
    expect(
      await complaintsOn(JSON.stringify({ kind: 'NetworkAtachmentDefinition', spec })),
    ).toEqual([
      '1:2: kind: kind "NetworkAtachmentDefinition" is unknown; is "NetworkAttachmentDefinition" meant?',
    ])
    const conifg = JSON.stringify({ kind, spec: { conifg: spec.config } })
    expect(await complaintsOn(conifg)).toEqual([
      expect.stringContaining('spec.conifg: unknown key "conifg" in spec; is "config" meant?'),
    ])
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

  const definition = (config: string) => `apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
spec:
  config: ${config}
`
  const CONFIGURATION = `{
      "name": "n",
      "type": "host-device-l3",
      "device": "eth1",
        "mtu": 9000
    }`

  it.each([
    ['a block', `|\n    ${CONFIGURATION}`, '9:9'],
    ['a block with an indentation of its own', `|2-\n    ${CONFIGURATION}`, '9:9'],
    ['a block after a comment', `| # the network\n\n    ${CONFIGURATION}`, '10:9'],
    ['single quotes', `'{"name": "n", "type": "host-device-l3", "device": "x", "mtu": 1}'`, '4:67'],
    // Not its own lines: only the key is where it says.
    ['a folded block', `>\n    ${CONFIGURATION}`, '4:3'],
    [
      'double quotes',
      JSON.stringify('{"type": "host-device-l3", "device": "x", "mtu": 1, "name": "n"}'),
      '4:3',
    ],
  ])('finds the line and column in a definition in YAML: %s', async (_, config, place) => {
    expect(await complaintsOn(definition(config), 'file.yaml')).toEqual([
      expect.stringMatching(`^${place}: spec\\.config\\.mtu: unknown key "mtu" is ignored`),
    ])
  })

  it('says where the JSON in a definition in YAML is none', async () => {
    const config = '|\n    {\n      "name": "n",\n      "type" "host-device-l3"\n    }'
    expect(await complaintsOn(definition(config))).toEqual([
      expect.stringMatching(/^7:14: spec\.config: .*line 3, column 10: ":" was expected/),
    ])
  })

  it.each([
    [
      'a mapping without its colon',
      'kind: NetworkAttachmentDefinition\nspec\n  config: x\n',
      '3:9: ',
    ],
    ['a tab', 'kind: NetworkAttachmentDefinition\nspec:\n\tconfig: x\n', '3:1: '],
    ['a key twice', 'kind: x\nkind: NetworkAttachmentDefinition\n', '2:1: '],
    ['quotes that do not end', 'kind: "x\n', '2:'],
    ['an alias of nothing', 'kind: *x\n', '1:8: unidentified alias'],
    ['an alias in what it stands for', 'kind: x\nspec: &a [*a]\n', '2:12: *a is inside of &a'],
  ])('says where a text is no YAML: %s', async (_, text, start) => {
    const [first] = await complaintsOn(text, 'file.yml')
    expect(first).toMatch(`${start}`)
  })

  it('looks at every definition of a file, and at nothing else there', async () => {
    const broken = definition(`|\n    ${CONFIGURATION}`)
    const others = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n'
    const items = `apiVersion: v1\nkind: List\nitems:\n- ${broken.trimEnd().replaceAll('\n', '\n  ')}\n`
    const text = ['# Two of them', others, broken, items, ''].join('---\n')
    expect(await complaintsOn(text, 'file.yaml')).toEqual([
      expect.stringMatching(/^15:9: spec\.config\.mtu: /),
      expect.stringMatching(/^29:11: items\.0\.spec\.config\.mtu: /),
    ])
    expect(await complaintsOn(others, 'file.yaml')).toEqual([
      '1:1: this is a Kubernetes object, but no NetworkAttachmentDefinition with a spec',
    ])
    expect(await complaintsOn('# nothing\n', 'file.yaml')).toEqual([
      'there is no configuration in it',
    ])
  })

  it('does not follow aliases that stand for ever more', async () => {
    const levels = Array.from({ length: 9 }, (_, n) => {
      const inside = n === 0 ? 'x' : `*a${n - 1}`
      return `a${n}: &a${n} [${Array(9).fill(inside).join(', ')}]`
    })
    const found = await complaintsOn(`${levels.join('\n')}\n`, 'file.yaml')
    expect(found).toEqual([expect.stringContaining('alias')])
  })

  it('looks at what an alias stands for', async () => {
    const config = `|\n    ${CONFIGURATION}`
    const text = `x: &spec\n  config: ${config}\n${definition('y').split('spec:')[0]}spec: *spec\n`
    expect(await complaintsOn(text, 'file.yaml')).toEqual([
      expect.stringMatching(/^7:9: spec\.config\.mtu: /),
    ])
  })

  it.each(['validate', 'explain --config', 'install --conf'])(
    '%s reads no pipe without a writer, and no more than a configuration can have',
    async (words) => {
      const pipe = `${directory}/pipe.conf`
      execFileSync('mkfifo', [pipe])
      const long = `${directory}/long.conf`
      writeFileSync(long, JSON.stringify({ x: 'x'.repeat(18 << 20) }))
      const said = async (file: string) => {
        try {
          const answer = await answerCommandLine([...words.split(' '), file], () => '')
          expect(answer.failed).toBe(true)
          return (answer as { text: string }).text
        } catch (error) {
          return (error as Error).message
        }
      }
      expect(await said(pipe)).toContain(`${pipe}: it is no file, and has no data`)
      expect(await said(long)).toContain(`${long}: it is longer than 16 MiB`)
      rmSync(pipe)
      rmSync(long)
    },
  )

  it('says which file cannot be read, and checks the others', async () => {
    const answer = await answerCommandLine(
      ['validate', '/nothing', 'cni-conf/10-host-device-l3.conflist', '--json'],
      () => '',
    )
    expect(answer).toMatchObject({ kind: 'document', failed: true })
    expect(JSON.parse(String(answer.kind === 'document' && answer.document))).toMatchObject({
      findings: [{ file: '/nothing', text: expect.stringContaining('ENOENT') }],
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
