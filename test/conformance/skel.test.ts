import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { errorDocument } from '../../src/cni/error.js'
import { BOTH_ARTEFACTS } from '../support/artefacts.js'
import { installPlugin, pluginDirectory, STOCK_DIRECTORY } from '../support/other-plugins.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { expectValidResult, VERSIONS } from '../support/result-specification.js'
import { Testbed } from '../support/testbed.js'
import { UNREADABLE, WRONG_VERSIONS } from './configuration-cases.js'
import { MISSING_VARIABLES, WRONG_VALUES } from './environment-cases.js'

const REFUSALS = [...WRONG_VALUES, ...MISSING_VARIABLES, ...UNREADABLE, ...WRONG_VERSIONS]

/** The call that every case of the CNI library's `skel` starts from. */
const SKEL_VARIABLES = {
  CNI_CONTAINERID: 'some-container-id',
  CNI_NETNS: '/some/netns/path',
  CNI_IFNAME: 'eth0',
  CNI_ARGS: 'some;extra;args',
  CNI_PATH: '/some/cni/path',
}
const NO_VARIABLES = Object.fromEntries(
  Object.keys(SKEL_VARIABLES).map((name) => [name, undefined]),
)

let testbed: Testbed
beforeAll(() => {
  testbed = new Testbed()
  testbed.onHost('address add 198.51.100.5/24 dev eth1')
})
afterAll(() => testbed[Symbol.dispose]())

function callAs(path: string, command: string, options: CallOptions) {
  return callPlugin(testbed, path, command, {
    ...options,
    configuration: { name: 'skel-test', ...options.configuration },
    variables: { ...SKEL_VARIABLES, ...options.variables },
  })
}

describe.each(BOTH_ARTEFACTS)('$artefact', ({ path }) => {
  let before: string
  beforeAll(() => {
    before = testbed.hostState()
  })
  afterEach(() => expect(testbed.hostState()).toBe(before))

  const call = (command: string, options: CallOptions = {}) => callAs(path, command, options)

  it.each(REFUSALS)('$title: refused by $command', ({ command, options, error }) => {
    const { exitCode, stderr, document } = call(command, options)
    expect(exitCode).toBe(1)
    expect(stderr).toBe('')
    // The specification wants a cniVersion in errors, too; the library leaves it out.
    expect(document).toEqual({ cniVersion: '1.1.0', ...error })
  })

  it('5. CNI_ARGS is not required: a call without it comes as far as its sandbox', () => {
    const { document } = call('ADD', { variables: { CNI_ARGS: undefined } })
    expect(document).toMatchObject({ code: 8, msg: expect.stringContaining('/some/netns/path') })
  })

  it.each([undefined, ''])('6. DEL with CNI_NETNS %j is accepted', (netns) => {
    const variables = { CNI_NETNS: netns }
    expect(call('DEL', { variables })).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
  })

  it('7. GC with only the command and CNI_PATH is accepted', () => {
    const variables = { ...NO_VARIABLES, CNI_PATH: '/some/cni/path' }
    expect(call('GC', { variables })).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
  })

  it.each([undefined, '', null])('8. with the cniVersion %j ADD runs as 0.1.0', (cniVersion) => {
    const options = {
      configuration: { cniVersion },
      variables: { CNI_NETNS: testbed.sandboxPath },
    }
    const { exitCode, stdout, document } = call('ADD', options)
    expect(exitCode, stdout).toBe(0)
    expectValidResult(document)
    expect(document).toMatchObject({ cniVersion: '0.1.0', ip4: { ip: '198.51.100.5/24' } })
    expect(call('DEL', options).exitCode).toBe(0)
  })

  it('16. VERSION needs no other variable and no stdin that can be read', () => {
    const { exitCode, stderr, document } = call('VERSION', {
      variables: NO_VARIABLES,
      wrapper: ['sh', '-c', 'exec "$@" < /', 'sh'],
    })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(document).toEqual({ cniVersion: '1.1.0', supportedVersions: VERSIONS })
  })

  it.each([undefined, ''])('18. with CNI_COMMAND %j it says what it is, on stderr', (command) => {
    const variables = { ...NO_VARIABLES, CNI_COMMAND: command }
    const { exitCode, stdout, stderr } = call('', { variables, input: '' })
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    expect(stderr).toBe(
      'CNI host-device-l3 plugin\n' +
        'CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0',
    )
  })

  it('20. passes a typed error on (ours that of an IPAM plugin: we have no callback)', () => {
    installPlugin(
      testbed,
      'failing-ipam',
      '#!/bin/sh\n[ "$CNI_COMMAND" != CHECK ] && exit 0\n' +
        'echo \'{"code": 1234, "msg": "insufficient something", "details": "x"}\'; exit 1\n',
    )
    const { exitCode, document } = call('CHECK', {
      configuration: { ipam: { type: 'failing-ipam' }, prevResult: {} },
      variables: { CNI_PATH: pluginDirectory(testbed) },
    })
    expect(exitCode).toBe(1)
    expect(document).toEqual({
      ...{ cniVersion: '1.1.0', code: 1234 },
      ...{ msg: 'insufficient something' },
      details:
        'x; IPAM plugin "failing-ipam" (CHECK) reported this; CHECK was for eth1, as eth0 in sandbox /some/netns/path',
    })
  })
})

it('20. gives an error without a type the code 999 (our pure function)', () => {
  expect(errorDocument(new Error('potato'), '1.0.0')).toEqual({
    ...{ cniVersion: '1.0.0', code: 999, msg: 'potato' },
  })
})

/** What the tables say is true of the library, too, as far as Debian's release of it goes. */
describe('the stock host-device', () => {
  const known = REFUSALS.filter(({ stock }) => stock !== undefined)

  it.each(known)('$title: refused by $command', ({ command, options, error, stock }) => {
    const { exitCode, stderr, document } = callAs(
      `${STOCK_DIRECTORY}/host-device`,
      command,
      options,
    )
    expect(exitCode).toBe(1)
    expect(stderr).toBe('')
    const { details, ...expected } = (stock === 'same' ? error : stock) ?? {}
    expect(document).toMatchObject(expected)
  })
})
