import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

/** Every call here must fail with one error document, and change nothing at all. */
describe.each(ARTEFACTS)('$artefact refuses', ({ path }) => {
  let testbed: Testbed
  let before: string

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    before = testbed.hostState()
  })
  afterEach(() => {
    expect(testbed.hostState()).toBe(before)
    testbed[Symbol.dispose]()
  })

  function expectRefusal(options: CallOptions, code: number, message: string | RegExp): void {
    const { exitCode, document, stderr } = callPlugin(testbed, path, 'ADD', options)
    expect(exitCode).toBe(1)
    expect(stderr).toBe('')
    expect(document).toMatchObject({
      cniVersion: options.configuration?.cniVersion === '0.2.0' ? '0.2.0' : '1.1.0',
      code,
      msg: expect.stringMatching(message),
    })
  }

  it.each([
    ['broken JSON', { input: '{"name": ' }, 6, /^error unmarshall network config: ./],
    ['empty stdin', { input: '' }, 6, 'unexpected end of JSON input'],
    ['JSON that is no object', { input: '"text"' }, 6, 'must be an object'],
    ['a missing name', { configuration: { name: undefined } }, 7, 'missing network name'],
    [
      'no key for the device',
      { configuration: { device: undefined } },
      7,
      'specify either "device"',
    ],
    ['a device that is a number', { configuration: { device: 5 } }, 7, '"device" cannot be 5'],
    ['a relative stateDir', { configuration: { stateDir: 'x' } }, 7, '"stateDir" cannot be "x"'],
    ['a version nobody has', { configuration: { cniVersion: '9.0.0' } }, 1, 'incompatible CNI'],
    ['a missing sandbox', { variables: { CNI_NETNS: undefined } }, 4, /\[CNI_NETNS\] missing/],
    ['a missing name', { variables: { CNI_IFNAME: undefined } }, 4, /\[CNI_IFNAME\] missing/],
    ['a long name', { variables: { CNI_IFNAME: 'x'.repeat(16) } }, 4, 'interface name is too long'],
    [
      'a template',
      { variables: { CNI_IFNAME: 'net%d' } },
      104,
      /net%d: the kernel takes a name with %/,
    ],
    ...['all', 'default'].map((name): [string, CallOptions, number, RegExp] => [
      `the name ${name}`,
      { variables: { CNI_IFNAME: name } },
      104,
      RegExp(`as ${name}: under that name the kernel has the settings of devices`),
    ]),
    ['a bad container id', { variables: { CNI_CONTAINERID: '../x' } }, 4, 'invalid characters'],
    ['an unknown command', { variables: { CNI_COMMAND: 'NOPE' } }, 4, 'unknown CNI_COMMAND: NOPE'],
    ['a sandbox that is not there', { variables: { CNI_NETNS: '/run/netns/none' } }, 8, 'ENOENT'],
    ['a sandbox that is a directory', { variables: { CNI_NETNS: '/tmp' } }, 8, 'unknown FS magic'],
    [
      'a namespace of another kind',
      { variables: { CNI_NETNS: '/proc/self/ns/mnt' } },
      8,
      'not a network namespace: setns: Invalid argument',
    ],
    ['its own namespace', { variables: { CNI_NETNS: '/proc/self/ns/net' } }, 8, 'not be the same'],
    [
      'a device that is not there',
      { configuration: { device: 'eth7' } },
      100,
      'there is no device "eth7" on the host',
    ],
    [
      'a version that cannot express a device without addresses',
      { configuration: { cniVersion: '0.2.0', useInterfaceNetwork: false } },
      7,
      'cannot convert: no valid IP addresses',
    ],
    [
      'a state directory that cannot be made',
      { configuration: { stateDir: '/proc/nothing' } },
      5,
      'cannot lock /proc/nothing/locks',
    ],
  ] as [string, CallOptions, number, string | RegExp][])('%s', (_, options, code, message) => {
    expectRefusal(options, code, message)
  })

  it('its own namespace, also for DEL, unless it is recorded that the sandbox was another one', () => {
    const variables = { CNI_NETNS: '/proc/self/ns/net' }
    expect(callPlugin(testbed, path, 'ADD')).toMatchObject({ exitCode: 0 })
    expect(callPlugin(testbed, path, 'DEL', { variables })).toMatchObject({ exitCode: 0 })
    expect(testbed.onHost('address show dev eth1')).toContain('198.51.100.5/24')
    const { document } = callPlugin(testbed, path, 'DEL', { variables })
    expect(document).toMatchObject({
      code: 8,
      msg: "plugin's netns and netns from CNI_NETNS should not be the same",
    })
  })

  it('a file that is not a namespace', () => {
    const file = `${testbed.stateDirectory}/file`
    writeFileSync(file, '')
    expectRefusal({ variables: { CNI_NETNS: file } }, 8, 'unknown FS magic')
  })

  it('a name that is taken in the sandbox', () => {
    testbed.inPod('link add net1 type ifb')
    expectRefusal({}, 101, `cannot lend eth1 to sandbox ${testbed.sandboxPath} as net1: the name`)
    expect(testbed.onHost('address show dev eth1')).toContain('198.51.100.5/24')
    expect(testbed.onHost('route')).toContain('203.0.113.0/24 via 198.51.100.1 dev eth1')
  })

  it('an alternative name that is taken in the sandbox', () => {
    testbed.onHost('link property add dev eth1 altname storage')
    before = testbed.hostState()
    testbed.inPod('link add storage type ifb')
    expectRefusal({}, 101, 'the name storage is taken there')
  })

  it('its own alternative name for the name in the sandbox', () => {
    testbed.onHost('link property add dev eth1 altname net1')
    before = testbed.hostState()
    expectRefusal({}, 101, 'as net1: that is an alternative name of its own')
  })

  it.each([
    [
      'a bridge it is in',
      'link add bridge0 type bridge',
      'link set eth1 master bridge0',
      'bridge0',
    ],
    ['a macvlan made on it', 'link add copy link eth1 type macvlan', 'link set copy up', 'copy'],
  ])('a device that another depends on: %s', (_, make, use, other) => {
    testbed.onHost(make)
    testbed.onHost(use)
    before = testbed.hostState()
    expectRefusal({}, 104, `cannot lend eth1: ${other} on the host depends on it`)
  })

  it('a device that the kernel lets into no other namespace', () => {
    testbed.onHost('link add bridge0 type bridge')
    before = testbed.hostState()
    const message = 'cannot lend bridge0: the kernel lets it into no other namespace'
    expectRefusal({ configuration: { device: 'bridge0' } }, 104, message)
  })

  it('the loopback device', () => {
    expectRefusal({ configuration: { device: 'lo' } }, 104, 'cannot lend lo')
  })
})
