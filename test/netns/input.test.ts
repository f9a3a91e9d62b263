import { mkdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { Testbed } from '../support/testbed.js'

const MEBIBYTE = 1 << 20

/** Gives a command a pipe as stdin that does not block, and that is filled in two parts. */
const IN_TWO_PARTS = `
  { head -c 20; sleep 0.3; cat; } | node -e '
    process.stdin
    const { spawnSync } = require("node:child_process")
    const [command, ...words] = process.argv.slice(1)
    process.exit(spawnSync(command, words, { stdio: "inherit" }).status)
  ' "$@"`

describe.each(ARTEFACTS)('what a caller hands over: $artefact', ({ path }) => {
  let testbed: Testbed
  let before: string
  const call = (command: string, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, options)

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    before = testbed.hostState()
  })
  afterEach(() => testbed[Symbol.dispose]())

  function expectRefusal(options: CallOptions, code: number, message: string | RegExp): void {
    const { exitCode, document, stdout } = call('ADD', options)
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({ code, msg: expect.stringMatching(message) })
    expect(stdout.length).toBeLessThan(MEBIBYTE / 16)
    expect(testbed.hostState()).toBe(before)
  }

  it('is read to its end where it does not block', () => {
    expect(call('ADD', { wrapper: ['sh', '-c', IN_TWO_PARTS, 'sh'] }).exitCode).toBe(0)
    expect(testbed.inPod('address show dev net1')).toContain('198.51.100.5/24')
  })

  it.each([
    ['{"name": "n", "device" }', ':" was expected, not "}"'],
    ['{"name": "n",\n "device": tru}', 'line 2, column 12: JSON does not allow "tru"'],
    ['{"name": "n"', 'unexpected end of JSON input'],
    ['\ufeff{"name": "n"}', 'line 1, column 1: JSON does not allow "\\u{feff}"'],
  ])('that is no JSON is refused with the place of the fault: %j', (input, reason) => {
    const { document } = call('ADD', { input })
    expect(document).toMatchObject({ code: 6, msg: expect.stringContaining(reason) })
  })

  it.each([
    ['a list', () => `[${'0,'.repeat(25 * MEBIBYTE)}0]`],
    ['no JSON', () => '['.repeat(50 * MEBIBYTE)],
  ])('of 50 MiB is refused before it is parsed: %s', (_, input) => {
    expectRefusal({ input: input() }, 5, /^error reading from stdin: it is longer than 16 MiB$/)
  })

  it.each([
    ['a list of numbers', '[', '0,', '0]', 6, 'must be an object'],
    ['a list of lists', '[', '[],', '0]', 6, 'must be an object'],
    ['a long list in a key', '{"name":"n","x":[', '[0],', '0]}', 7, 'specify either "device"'],
    ['a fault at the end', '["', 'x', '"', 6, 'unexpected end of JSON input'],
    ['many levels', '', '[', '', 6, 'exceeded max depth'],
    ['many levels and a fault', '', '[', 'x', 6, 'exceeded max depth'],
    ['a long name', '{"name":"n","device":"', 'x', '"}', 7, '"device" cannot be "xxxx'],
    ['a long plugin', '{"name":"n","device":"eth1","ipam":{"type":"', 'x', '"}}', 7, '"ipam"'],
  ])('of 3 MiB is answered in time: %s', (_, start, repeated, end, code, message) => {
    const times = Math.floor((3 * MEBIBYTE) / repeated.length)
    const started = Date.now()
    expectRefusal({ input: start + repeated.repeat(times) + end }, code, message)
    expect(Date.now() - started).toBeLessThan(30_000)
  })

  it('of 15 MiB is answered: a list of lists', () => {
    const input = `[${'[],'.repeat(5 * MEBIBYTE)}0]`
    expectRefusal({ input }, 6, 'must be an object')
  })

  it('of very many keys is answered in time', () => {
    const keys = Array.from({ length: 150_000 }, (_, n) => `"devid${n.toString(36)}":0`)
    const input = `{"name":"n",${keys.join(',')}}`
    expectRefusal({ input }, 7, 'specify either "device"')
  })

  const unusable = (configuration: Record<string, unknown>): CallOptions => ({ configuration })
  it.each([
    [
      'a device with a NUL',
      unusable({ device: 'eth1\0x' }),
      7,
      '"device" cannot be "eth1\\\\u0000',
    ],
    ['a device of 128 characters', unusable({ device: 'x'.repeat(128) }), 7, '"device" cannot be'],
    ['a device of 128 bytes', unusable({ device: 'é'.repeat(64) }), 100, 'there is no device'],
    ['a path in sysfs with a NUL', unusable({ kernelpath: '/sys/devices/\0' }), 7, '"kernelpath"'],
    [
      'a path in sysfs that is too long',
      unusable({ kernelpath: '/'.repeat(9999) }),
      7,
      'kernelpath',
    ],
    ['a PCI address that is too long', unusable({ pciBusID: '0'.repeat(256) }), 7, '"pciBusID"'],
    ['an IPAM plugin with a NUL', unusable({ ipam: { type: 'static\0' } }), 7, '"ipam" cannot be'],
    [
      'an IPAM plugin of 256 bytes',
      unusable({ ipam: { type: 'é'.repeat(128) } }),
      106,
      'find plugin',
    ],
    ['an IPAM plugin of 256 letters', unusable({ ipam: { type: 'x'.repeat(256) } }), 7, '"ipam"'],
    ['a state directory with a NUL', unusable({ stateDir: '/tmp/x\0' }), 7, '"stateDir" cannot'],
    ['a log file with a NUL', unusable({ logFile: '/tmp/x\0' }), 7, '"logFile" cannot be'],
    [
      'a name in the sandbox of 16 bytes',
      unusable({ ifName: 'é'.repeat(8) }),
      7,
      '"ifName" cannot be',
    ],
    ['a name in the sandbox with a NUL', unusable({ ifName: 'net\0' }), 7, '"ifName" cannot be'],
    [
      'an address with a zone in prevResult',
      unusable({ prevResult: { ips: [{ address: 'fe80::1%eth0/64' }] } }),
      6,
      'invalid CIDR address: fe80::1%eth0/64',
    ],
    [
      'a gateway with a zone in prevResult',
      unusable({ prevResult: { routes: [{ dst: '::/0', gw: 'fe80::1%eth0' }] } }),
      6,
      'invalid IP address: fe80::1%eth0',
    ],
    [
      'a sandbox path beyond all limits',
      { variables: { CNI_NETNS: `/${'x'.repeat(5000)}` } },
      8,
      '^failed to open netns',
    ],
  ] as [string, CallOptions, number, string][])(
    'is refused with a code of its own: %s',
    (_, options, code, message) => expectRefusal(options, code, message),
  )

  it('may be without a working directory', () => {
    const gone = `${testbed.stateDirectory}-gone`
    mkdirSync(gone)
    const wrapper = ['sh', '-c', `cd ${gone} && rmdir ${gone} && exec "$@"`, 'sh']
    const ipam = { type: 'static', addresses: [{ address: '10.9.9.9/24' }] }
    const variables = { CNI_PATH: '/usr/lib/cni' }
    const { document, stderr } = call('ADD', {
      wrapper,
      configuration: { cniVersion: '1.0.0', ipam },
      variables,
    })
    expect({ document, stderr }).toMatchObject({ document: { ips: [{}, {}] }, stderr: '' })
    expect(testbed.inPod('address show dev net1')).toContain('10.9.9.9/24')
  })

  it('may be without a stdout: ADD fails, and all is as it was', () => {
    const wrapper = ['sh', '-c', 'exec "$@" >&-', 'sh']
    const { exitCode, stderr } = call('ADD', { wrapper })
    expect(exitCode).toBe(1)
    expect(stderr).toBe(
      'host-device-l3: cannot print the answer: stdout is closed; what ADD had done is undone',
    )
    expect(testbed.hostState()).toBe(before)
    expect(testbed.filesIn('attachments')).toEqual([])
    expect(call('ADD').exitCode).toBe(0)
    expect(call('DEL', { wrapper })).toMatchObject({ exitCode: 0, stderr: '' })
  })
})
