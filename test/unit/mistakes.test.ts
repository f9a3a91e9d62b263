import { describe, expect, it } from 'vitest'
import { hasUselessKeys } from '../../src/cni/configuration.js'
import { mistakesIn } from '../../src/cni/mistakes.js'
import { withHints } from '../../src/commands/hints.js'
import { EXAMPLES, readExample } from '../support/examples.js'

const GOOD = { cniVersion: '1.1.0', name: 'n', type: 'host-device-l3', device: 'eth1' }

/** What is planted, where, and what is said of it. */
const PLANTED: [string, object, string, string][] = [
  // Slips of the finger.
  ['a letter left out', { devic: 'x' }, 'devic', '; is "device" meant?'],
  ['letters swapped', { ruels: true }, 'ruels', '; is "rules" meant?'],
  ['a plural', { sysctls: [], route: false }, 'route', '; is "routes" meant?'],
  ['one l', { dynamicAdresses: 'all' }, 'dynamicAdresses', '; is "dynamicAddresses" meant?'],
  ['an underscore', { state_dir: '/x' }, 'state_dir', '; is "stateDir" meant?'],
  ['a dash', { 'log-level': 'info' }, 'log-level', '; is "logLevel" meant?'],
  [
    'a long word',
    { useInterfacesNetworks: true },
    'useInterfacesNetworks',
    '"useInterfaceNetwork"',
  ],
  ['restore', { restoreOnDel: true }, 'restoreOnDel', '; is "restoreOnDelete" meant?'],
  ['something else', { colour: 'red' }, 'colour', 'unknown key "colour" is ignored'],
  ['in gvisor', { gvisor: { timeout: 3 } }, 'gvisor.timeout', '"timeoutSeconds" is how long'],
  ['in routes', { routes: { defaults: false } }, 'routes.defaults', 'is "default" meant?'],
  [
    'in gvisor',
    { gvisor: { timeoutSecond: 3 } },
    'gvisor.timeoutSecond',
    'is "timeoutSeconds" meant?',
  ],
  ['in dns', { dns: { nameserver: ['x'] } }, 'dns.nameserver', '"nameservers" is a list'],
  ['in dns', { dns: { domains: 'x' } }, 'dns.domains', '; is "domain" meant?'],
  // Names from other plugins.
  ['mac', { mac: '02:00:00:00:00:01' }, 'mac', '"hwaddr" selects a device by its MAC address'],
  ['interface', { interface: 'eth1' }, 'interface', '"device" names the device of the host'],
  ['master', { master: 'eth1' }, 'master', '"device" names the device of the host'],
  ['parent', { parent: 'eth1' }, 'parent', '"device" names the device of the host'],
  ['deviceID at the top', { deviceID: '0000:01:00.0' }, 'deviceID', '"runtimeConfig"'],
  ['neighbours', { neighbours: 'all' }, 'neighbours', '"neighbors" says which'],
  ['mtu', { mtu: 9000 }, 'mtu', 'an MTU cannot be set'],
  ['vlan', { vlan: 7 }, 'vlan', 'lend a vlan device'],
  ['isGateway', { isGateway: true }, 'isGateway', 'a key of the plugin bridge'],
  ['ipMasq', { ipMasq: true }, 'ipMasq', 'a key of the plugin bridge'],
  ['addresses', { addresses: [] }, 'addresses', 'comes from "ipam"'],
  ['gateway', { gateway: '10.0.0.1' }, 'gateway', 'routes are taken from the host'],
  ['netmask', { netmask: '255.0.0.0' }, 'netmask', 'a prefix length is written with'],
  ['subnet', { subnet: '10.0.0.0/8' }, 'subnet', 'it belongs into "ipam"'],
  ['kubeconfig', { kubeconfig: '/x' }, 'kubeconfig', 'a key of Multus'],
  ['pciAddress', { pciAddress: '0000:01:00.0' }, 'pciAddress', '"pciBusID" selects'],
  ['timeout', { timeout: 3 }, 'timeout', '"timeoutSeconds" is how long a call may take'],
  // Values.
  ['no domain', { pciBusID: '01:00.0' }, 'pciBusID', 'is "0000:01:00.0" meant?'],
  [
    'no domain',
    { runtimeConfig: { deviceID: 'af:1f.7' } },
    'runtimeConfig.deviceID',
    '"0000:af:1f.7"',
  ],
  ['no function', { pciBusID: '0000:01:00.g' }, 'pciBusID', 'is no PCI address, such as'],
  ['capitals', { pciBusID: '0000:AF:00.0' }, 'pciBusID', 'with small letters'],
  ['a space', { device: 'eth 1' }, 'device', 'which only an alternative name can have'],
  ['ipam without type', { ipam: { ranges: [] } }, 'ipam', '"ipam" has no "type"'],
  [
    'in ipam',
    { ipam: { type: 'static', adresses: [] } },
    'ipam.adresses',
    'the IPAM plugin has no key "ipam.adresses"; is "addresses" meant?',
  ],
  [
    'deeper in ipam',
    {
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: '10.0.0.0/8', rangestart: 'x', gatway: 'x' }]],
      },
    },
    'ipam.ranges.0.0.gatway',
    'is "gateway" meant?',
  ],
  ['ipam mistyped', { ipam: { typ: 'static' } }, 'ipam', '"typ" is no key of it'],
  [
    'a netmask',
    { ipam: { type: 'static', addresses: [{ address: '10.0.0.5/255.255.255.0' }] } },
    'ipam.addresses.0.address',
    'write a prefix length: "10.0.0.5/24"',
  ],
  [
    'no netmask',
    { ipam: { type: 'static', addresses: [{ address: '10.0.0.5/255.0.255.0' }] } },
    'ipam.addresses.0.address',
    'has a netmask; write a prefix length',
  ],
  [
    'a table by name',
    { ipam: { type: 'static', routes: [{ dst: '0.0.0.0/0', table: 'main' }] } },
    'ipam.routes.0.table',
    'a table is a number here, not "main"',
  ],
  [
    'a capability',
    { capabilities: { deviceId: true } },
    'capabilities.deviceId',
    '"deviceID" meant?',
  ],
  [
    'a capability with a letter too few',
    { capabilities: { CNIDeviceInfoFil: true } },
    'capabilities.CNIDeviceInfoFil',
    'is "CNIDeviceInfoFile" meant?',
  ],
  [
    'a capability of another plugin',
    { capabilities: { portMappings: true } },
    'capabilities.portMappings',
    'the capability "portMappings" is of other plugins, and has no use here',
  ],
  [
    'a capability of IPAM, without IPAM',
    { capabilities: { ips: true } },
    'capabilities.ips',
    'the capability "ips" has no use without "ipam"',
  ],
  [
    'a capability in quotes',
    { capabilities: { deviceID: 'true' } },
    'capabilities.deviceID',
    'the capability "deviceID" must be true or false',
  ],
  [
    'no resource',
    { device: undefined, capabilities: { deviceID: true } },
    'capabilities.deviceID',
    'the pod asks for no resource of a device plugin',
  ],
  // Other documents.
  ['a whole list', { plugins: [GOOD] }, '', 'this is a whole list of plugins (a .conflist)'],
  ['a list without plugins', { plugins: [] }, '', 'with none in it'],
  [
    'a Kubernetes object',
    { apiVersion: 'k8s.cni.cncf.io/v1', kind: 'NetworkAttachmentDefinition', spec: {} },
    '',
    'kind "NetworkAttachmentDefinition"; the configuration is the text in its spec.config',
  ],
]

/** Where the tests do not run as root, that is said, too. */
const withoutRights = (details: string) => details.replace(/(; )?the plugin runs as user .*$/, '')

describe('a planted mistake', () => {
  it.each(PLANTED)('%s: %o', (_, planted, place, text) => {
    const document = JSON.parse(JSON.stringify({ ...GOOD, ...planted }))
    const [mistake, ...others] = mistakesIn(document)
    expect(others).toEqual([])
    expect(mistake?.path.join('.')).toBe(place)
    expect(mistake?.text).toContain(text)
    const error = { cniVersion: '1.1.0', code: 7, msg: 'x' }
    const { details = '', ...same } = withHints(error, JSON.stringify(document))
    expect(same).toEqual(error)
    expect(withoutRights(details)).toBe(mistake?.text)
  })

  it('is looked for where there may be one that ADD does not refuse', () => {
    const accepted = PLANTED.filter(
      ([, , place]) => !/^$|^device$|^pciBusID|^runtime|^ipam\.|y\.deviceID/.test(place),
    )
    expect(accepted.length).toBeGreaterThan(30)
    for (const [title, planted, place] of accepted)
      if (place !== 'capabilities.deviceID')
        expect([title, hasUselessKeys({ ...GOOD, ...planted })]).toEqual([title, true])
  })

  it('is not seen where there is none', () => {
    const documents = [
      GOOD,
      { ...GOOD, DEVICE: 'eth1', Rules: true, 'cni.dev/valid-attachments': [], 'x.y/z': 1 },
      { ...GOOD, args: { anything: 1 }, runtimeConfig: { mac: 'x', ips: [] } },
      { ...GOOD, ipam: {}, dns: { nameservers: ['10.0.0.1'] }, gvisor: { timeoutSeconds: 3 } },
      { ...GOOD, ipam: { type: 'static', addresses: [{ address: '10.0.0.5/24' }] } },
      { ...GOOD, ipam: { type: 'static' }, capabilities: { ips: true, deviceID: false } },
      { ...GOOD, capabilities: { CNIDeviceInfoFile: true, 'example.org/any': true, zzz: true } },
    ]
    for (const document of documents) expect(mistakesIn(document)).toEqual([])
    // Multus adds both, with the same value.
    expect(mistakesIn({ ...GOOD, pciBusID: '0000:01:00.0', deviceID: '0000:01:00.0' })).toEqual([])
  })

  it.each(EXAMPLES)('is not in %s', (file) => {
    for (const plugin of readExample(file).plugins.filter(
      ({ type }) => type === 'host-device-l3',
    )) {
      const runtimeConfig = plugin.capabilities
        ? { runtimeConfig: { deviceID: '0000:01:00.0' } }
        : {}
      expect(mistakesIn({ ...plugin, ...runtimeConfig })).toEqual([])
    }
  })

  it('among very many is answered soon, and not at length', () => {
    const many = Object.fromEntries(Array.from({ length: 200_000 }, (_, n) => [`devid${n}`, 0]))
    const texts = mistakesIn({ ...GOOD, ...many }).map(({ text }) => text)
    expect(texts).toHaveLength(9)
    expect(texts.at(-1)).toBe('199992 more unknown keys are ignored')
  })
})

it.each(['constructor', '__proto__', 'toString'])('%s is a key like any other', (key) => {
  for (const where of ['', 'dns']) {
    const text = `{ "${key}": 1 }`
    const given = where ? { [where]: JSON.parse(text) } : JSON.parse(text)
    const path = where ? `${where}.${key}` : key
    const texts = mistakesIn({ ...GOOD, ...given }).map((mistake) => mistake.text)
    // A key __proto__ is lost where objects are copied.
    if (where || key !== '__proto__') expect(texts).toEqual([`unknown key "${path}" is ignored`])
  }
})

it('keys of ipam that every object has are nobody’s mistakes', () => {
  for (const type of ['static', 'constructor'])
    expect(mistakesIn({ ...GOOD, ipam: { type, constructor: { name: {} } } })).toEqual([])
})

describe('the details of an error', () => {
  const hinted = (input: string, code = 6) =>
    withoutRights(withHints({ cniVersion: '1.1.0', code, msg: 'x' }, input).details ?? '')

  it('have the line in which a text stops being JSON', () =>
    expect(hinted('{"name": "n",\n  "device" "eth1"}')).toBe(
      'line 2 is "  \\"device\\" \\"eth1\\"}"',
    ))

  it('say that a text is YAML', () =>
    expect(hinted('apiVersion: k8s.cni.cncf.io/v1\nkind: x\n')).toMatch(/^this is YAML; /))

  it('say that the state directory is a file', () =>
    expect(hinted(JSON.stringify({ ...GOOD, stateDir: '/etc/passwd' }), 5)).toContain(
      '"stateDir" /etc/passwd is a file; it must be a directory',
    ))

  it.each(['', '"x"', '{}', `{"x": "${'y'.repeat(2 << 20)}"}`])('have nothing of %.10s', (input) =>
    expect(hinted(input)).toBe(''),
  )

  it('have nothing of what only a runtime decides', () => expect(hinted('{"mac": 1}', 4)).toBe(''))
})
