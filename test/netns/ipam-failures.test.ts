import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS, BOTH_ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { Testbed } from '../support/testbed.js'

const OWN_ERROR = `echo '{"code":1234,"msg":"no address left","details":"of 254"}'; exit 1`

describe.each(ARTEFACTS)('IPAM that fails: $artefact', ({ path }) => {
  let testbed: Testbed
  let ipam: ScriptedIpam | undefined

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
  })
  afterEach(() => {
    testbed[Symbol.dispose]()
    ipam?.[Symbol.dispose]()
  })

  const records = () => testbed.filesIn('attachments')

  function call(command: string, behaviour: Record<string, string>, options: CallOptions = {}) {
    ipam?.[Symbol.dispose]()
    ipam = new ScriptedIpam(behaviour)
    return callPlugin(testbed, path, command, {
      ...options,
      configuration: { ipam: { type: ipam.type }, timeoutSeconds: 3, ...options.configuration },
      variables: { CNI_PATH: `/nowhere:${ipam.directory}`, ...options.variables },
    })
  }

  it.each([
    ['with an error of its own', OWN_ERROR, 1234, 'no address left'],
    ['with an error and no code', `echo '{"msg":"no"}'; exit 1`, 106, 'diagnostic message "{'],
    ['with rubbish', 'echo rubbish; exit 1', 106, 'diagnostic message "rubbish": exit status 1'],
    ['with nothing', 'exit 3', 106, 'failed with no error message: exit status 3'],
    ['by a signal', 'kill -TERM $$', 106, 'SIGTERM'],
    ['by never ending', 'sleep 600', 106, 's and was ended'],
    ['by succeeding with rubbish', 'echo rubbish', 106, 'printed what is no result: "rubbish"'],
    ['by succeeding with nothing', 'true', 106, 'succeeded, but printed no result'],
    ['by succeeding with a list', 'echo []', 106, 'printed what is no result'],
    [
      'by assigning what is no address',
      `echo '{"ips":[{"address":"1.2.3.4/99"}]}'`,
      106,
      'invalid CIDR address: 1.2.3.4/99',
    ],
    [
      'by assigning a number',
      `echo '{"ips":[{"address":5}]}'`,
      106,
      'is no result: "{\\"ips\\":[{\\"address\\":5}]}"',
    ],
    [
      'by printing more than 4 MiB',
      `printf '{}'; head -c 4194303 /dev/zero | tr '\\0' ' '`,
      106,
      'it printed more than 4 MiB and was ended',
    ],
    ['with an error of code 999', `echo '{"code":999,"msg":"no"}'; exit 1`, 106, 'no'],
    ['with an error of code 0', `echo '{"code":0,"msg":"no"}'; exit 1`, 106, 'message "{'],
    [
      'by a table that cannot be',
      `echo '{"ips":[],"routes":[{"dst":"0.0.0.0/0","table":99999999999}]}'`,
      106,
      'printed what is no result',
    ],
    [
      'by an answer of very many levels',
      `head -c 200000 /dev/zero | tr '\\0' '['`,
      106,
      'printed what is no result',
    ],
    [
      'by a version nobody has',
      `echo '{"cniVersion":"0.4567.0"}'`,
      106,
      'unsupported CNI result version "0.4567.0"',
    ],
    [
      'by a gateway that cannot be reached',
      `echo '{"ips":[{"address":"10.9.0.2/24"}],"routes":[{"dst":"0.0.0.0/0","gw":"10.8.0.1"}]}'`,
      102,
      'cannot set route default via 10.8.0.1 dev net1 of net1',
    ],
    [
      'by an IPv6 address that somebody else has',
      `echo '{"ips":[{"address":"2001:db8::1/64","gateway":"2001:db8::2"}]}'`,
      102,
      'net1 has address 2001:db8::1/64 in DADFAILED state',
    ],
  ])('%s: the device is home, its addresses are released', (_, behaviour, code, message) => {
    const before = testbed.hostState()
    const { exitCode, document } = call('ADD', { ADD: behaviour })
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({ code, msg: expect.stringContaining(message) })
    expect(document.details).toContain('the device is back on the host as eth1, up, with its')
    expect(ipam?.calls).toEqual(['ADD', 'DEL'])
    expect(testbed.hostState()).toBe(before)
    expect(records()).toEqual([])
  })

  it('or leaves a program that keeps its stdout open', () => {
    const start = performance.now()
    const answer = `echo '{"cniVersion":"1.1.0"}'`
    const { exitCode, document } = call('ADD', {
      ADD: `setsid sleep 60 2> /dev/null & echo $! > pid; ${answer}`,
    })
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({ code: 106, msg: expect.stringContaining('s and was ended') })
    expect(performance.now() - start).toBeLessThan(20_000)
    process.kill(Number(readFileSync(`${ipam?.directory}/pid`, 'utf8')))
    expect(testbed.onHost('address show eth1')).toContain('198.51.100.5/24')
  })

  it.each(['ADD', 'CHECK', 'DEL'])(
    '%s says so where nobody hears of ended processes',
    (command) => {
      const wrapper = ['sh', '-c', `trap '' CHLD; exec "$@"`, 'sh']
      const configuration = command === 'ADD' ? {} : { prevResult: call('ADD', {}).document }
      const options = { wrapper, configuration }
      const { exitCode, document } = call(command, { [command]: 'exit 3' }, options)
      expect(exitCode).toBe(1)
      expect(document.msg).toMatch(/failed with no error message: exit status 3/)
    },
  )

  it('may be answered with 4 MiB', () => {
    const answer = '{"ips":[{"address":"198.51.100.77/24"}]}'
    const ADD = `printf '${answer}'; head -c ${(4 << 20) - answer.length} /dev/zero | tr '\\0' ' '`
    expect(call('ADD', { ADD })).toMatchObject({ exitCode: 0, stderr: '' })
    expect(testbed.inPod('address show dev net1')).toContain('198.51.100.77/24')
  })

  it('passes the details of an error on, before its own', () => {
    const { document } = call('ADD', { ADD: OWN_ERROR })
    expect(document.details).toMatch(
      /^of 254; IPAM plugin "[^"]+" \(ADD\) reported this; the device is back/,
    )
  })

  it('says so where even the release fails', () => {
    const { document } = call('ADD', { ADD: OWN_ERROR, DEL: 'exit 1' })
    expect(document).toMatchObject({ code: 1234, msg: 'no address left' })
    expect(document.details).toContain('the addresses that IPAM assigned may not be released')
    expect(testbed.onHost('address show dev eth1')).toContain('198.51.100.5/24')
  })

  it('touches nothing where the plugin is not installed', () => {
    const before = testbed.hostState()
    const { document } = callPlugin(testbed, path, 'ADD', {
      configuration: { ipam: { type: 'nosuch' } },
      variables: { CNI_PATH: '/usr/lib:/opt' },
    })
    expect(document).toMatchObject({
      code: 106,
      msg: 'failed to find plugin "nosuch" in path [/usr/lib /opt]',
    })
    expect(testbed.hostState()).toBe(before)
  })

  it('keeps no device away where the plugin is not installed any more, and DEL says so', () => {
    const before = testbed.hostState()
    expect(callPlugin(testbed, path, 'ADD').exitCode).toBe(0)
    const { document } = callPlugin(testbed, path, 'DEL', {
      configuration: { ipam: { type: 'nosuch' } },
      variables: { CNI_PATH: '/usr/lib:/opt' },
    })
    expect(document.code).toBe(106)
    expect(document.details).toMatch(
      /what was lent is back on the host, and its record is removed; DEL was for eth1, as net1 in /,
    )
    expect(testbed.hostState()).toBe(before)
  })

  it('wants an address where the device brings none', () => {
    const none = { ADD: 'echo {}' }
    expect(call('ADD', none).exitCode).toBe(0)
    expect(call('DEL', {}).exitCode).toBe(0)
    const { document } = call('ADD', none, { configuration: { useInterfaceNetwork: false } })
    expect(document).toMatchObject({ code: 106, msg: 'IPAM plugin returned missing IP config' })
  })

  it('does not keep a device from coming home on DEL', () => {
    call('ADD', {})
    const { document } = call('DEL', { DEL: OWN_ERROR })
    expect(document).toMatchObject({
      code: 1234,
      msg: 'no address left',
      details: expect.stringMatching(
        /^of 254; IPAM plugin ".+" \(DEL\) reported this; the addresses may still be assigned; a later DEL tries again; what was lent is back on the host, and its record is removed; DEL was for eth1/,
      ),
    })
    expect(testbed.onHost('link show eth1')).toContain('eth1')
    expect(call('DEL', {})).toMatchObject({ exitCode: 0, stdout: '' })
    expect(ipam?.calls).toEqual(['DEL'])
  })

  it('is reported by CHECK, STATUS and GC, after GC has done its own part', () => {
    const { document: prevResult } = call('ADD', {})
    const failing = { CHECK: OWN_ERROR, STATUS: OWN_ERROR, GC: OWN_ERROR }
    const error = { exitCode: 1, document: { code: 1234, msg: 'no address left' } }
    expect(call('CHECK', failing, { configuration: { prevResult } })).toMatchObject(error)
    expect(call('STATUS', failing)).toMatchObject(error)
    const valid = { 'cni.dev/valid-attachments': [] }
    expect(call('GC', failing, { configuration: valid })).toMatchObject(error)
    expect(testbed.onHost('link show eth1')).toContain('eth1')
    expect(records()).toEqual([])
  })

  it('is not available where STATUS finds no plugin', () => {
    const { document } = callPlugin(testbed, path, 'STATUS', {
      configuration: { ipam: { type: 'nosuch' } },
    })
    expect(document).toMatchObject({ code: 50 })
  })
})

it.each(BOTH_ARTEFACTS)(
  'IPAM by a script whose interpreter does not exist is said to be one: $artefact',
  ({ path }) => {
    using testbed = new Testbed()
    const directory = mkdtempSync(`${tmpdir()}/hdl3-ipam-`)
    const ipam = `${directory}/script`
    const before = testbed.hostState()
    const messages = ['#!/nonexistent\n', '#!/bin/sh\r\n'].map((text) => {
      writeFileSync(ipam, text, { mode: 0o755 })
      return callPlugin(testbed, path, 'ADD', {
        configuration: { ipam: { type: 'script' } },
        variables: { CNI_PATH: directory },
      }).document.msg
    })
    rmSync(directory, { recursive: true })
    const start = `IPAM plugin "script" (ADD) failed: spawn ${ipam} ENOENT: it is a script, and its interpreter`
    expect(messages).toEqual([
      `${start} "/nonexistent" does not exist`,
      `${start} "/bin/sh\\r" does not exist; its lines end with CR and LF`,
    ])
    expect(testbed.hostState()).toBe(before)
  },
)

it.each(BOTH_ARTEFACTS)(
  'IPAM by a script without #! is given to no shell: $artefact',
  ({ path }) => {
    using testbed = new Testbed()
    const directory = mkdtempSync(`${tmpdir()}/hdl3-ipam-`)
    const ipam = `${directory}/script`
    writeFileSync(ipam, `echo '{"ips":[{"address":"198.51.100.77/24"}]}'\n`, { mode: 0o755 })
    const before = testbed.hostState()
    const { document } = callPlugin(testbed, path, 'ADD', {
      configuration: { ipam: { type: 'script' } },
      variables: { CNI_PATH: directory },
    })
    rmSync(directory, { recursive: true })
    expect(document).toMatchObject({
      code: 106,
      msg: `IPAM plugin "script" (ADD) failed: spawn ${ipam} ENOEXEC, exec format error: it is no program of this machine, and no script with #!`,
    })
    expect(testbed.hostState()).toBe(before)
  },
)
