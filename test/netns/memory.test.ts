import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { callPlugin } from '../support/plugin.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { Testbed } from '../support/testbed.js'

const MEBIBYTE = 1 << 20

/** An answer that takes fifty times its size in memory: the last thing that ADD reads. */
const LARGE_ANSWER = `printf '{"ips":[{"address":"198.51.100.77/24"}],"x":[0'
  head -c 3000000 /dev/zero | sed 's/\\x00\\x00\\x00\\x00/,[0]/g'; printf ']}'`

/** Of the executable alone: where the memory of Node ends, Node ends itself. */
describe('the executable without enough memory', () => {
  let testbed: Testbed
  let ipam: ScriptedIpam
  let before: string

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
    before = testbed.hostState()
    ipam = new ScriptedIpam({ ADD: LARGE_ANSWER })
  })
  afterEach(() => {
    testbed[Symbol.dispose]()
    ipam[Symbol.dispose]()
  })

  const add = (mebibytes: number, input?: string, limit = 'as') =>
    callPlugin(testbed, COMPILED, 'ADD', {
      wrapper: ['prlimit', `--${limit}=${mebibytes * MEBIBYTE}`],
      configuration: { ipam: { type: ipam.type } },
      variables: { CNI_PATH: ipam.directory },
      ...(input === undefined ? {} : { input }),
    })

  it.each([
    ...[48, 64, 80, 96, 112, 128].map((mebibytes) => ['as', mebibytes] as const),
    ...[12, 24, 48, 72, 96].map((mebibytes) => ['data', mebibytes] as const),
  ])(
    'that ends with the device in the sandbox, with --%s of %i MiB, brings it home',
    (limit, mebibytes) => {
      const { exitCode, document, stderr } = add(mebibytes, undefined, limit)
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
      expect(document).toMatchObject({
        code: 11,
        msg: 'the call needs more memory than it can have',
        details: expect.stringContaining('the device is back on the host as eth1, up, with its'),
      })
      expect(ipam.calls).toEqual(['ADD', 'DEL'])
      expect(testbed.hostState()).toBe(before)
      expect(testbed.filesIn('attachments')).toEqual([])
    },
  )

  it('does all where it is enough', () => {
    expect(add(512).exitCode).toBe(0)
  })

  it('answers at any limit, however little it can read', () => {
    const input = `{"name":"n","device":"eth1","x":[${'[0],'.repeat(MEBIBYTE)}0]}`
    for (let mebibytes = 14; mebibytes < 180; mebibytes += 3) {
      const { exitCode, document } = add(mebibytes, input)
      expect({ mebibytes, exitCode }).toEqual({ mebibytes, exitCode: 1 })
      expect(document, `${mebibytes} MiB`).toMatchObject({ msg: expect.stringMatching(/memory/) })
      expect(testbed.hostState()).toBe(before)
    }
  }, 120_000)

  it('or with a stack that is too small says so in a line', () => {
    // In 8 KiB, what the kernel puts there leaves no room for a line.
    for (const kibibytes of [16, 24, 60]) {
      const wrapper = ['prlimit', `--stack=${kibibytes << 10}`]
      expect(callPlugin(testbed, COMPILED, 'ADD', { wrapper })).toMatchObject({
        exitCode: 1,
        stdout: '',
        stderr:
          'host-device-l3: its stack may have less than 64 KiB (RLIMIT_STACK, ulimit -s), which is too little',
      })
    }
    expect(testbed.hostState()).toBe(before)
    const wrapper = ['prlimit', `--stack=${64 << 10}`]
    expect(callPlugin(testbed, COMPILED, 'ADD', { wrapper }).exitCode).toBe(0)
    expect(callPlugin(testbed, COMPILED, 'DEL', { wrapper }).exitCode).toBe(0)
  })

  it.each([
    [64, 300],
    [128, 900],
    [64, 999],
  ])('or with a stack of %i KiB says so of %i lists in each other', (kibibytes, levels) => {
    const wrapper = ['prlimit', `--stack=${kibibytes << 10}`]
    const lists = '['.repeat(levels) + ']'.repeat(levels)
    const code = 11
    const msg = 'the call needs a larger stack than it can have (ulimit -s)'
    const configuration = `{"cniVersion":"1.1.0","name":"n","device":"eth1","x":${lists}}`
    const given = callPlugin(testbed, COMPILED, 'ADD', { wrapper, input: configuration })
    expect(given.document).toEqual({ cniVersion: '1.1.0', code, msg })
    using deep = new ScriptedIpam({
      ADD: `printf '{"ips":[{"address":"192.0.2.1/24"}],"x":${lists}}'`,
    })
    const answered = callPlugin(testbed, COMPILED, 'ADD', {
      wrapper,
      configuration: { ipam: { type: deep.type } },
      variables: { CNI_PATH: deep.directory },
    })
    const details = expect.stringContaining('the device is back on the host as eth1')
    expect(answered.document).toMatchObject({ code, msg, details })
    expect(deep.calls).toEqual(['ADD', 'DEL'])
    expect(testbed.hostState()).toBe(before)
  })

  it('or with little memory of its own says so, and does nothing', () => {
    // In less than 2.5 MiB the kernel cannot start it.
    for (let kibibytes = 2500; kibibytes < 5100; kibibytes += 150) {
      const wrapper = ['prlimit', `--data=${kibibytes << 10}`]
      const { exitCode, stdout, stderr } = callPlugin(testbed, COMPILED, 'ADD', { wrapper })
      if (exitCode === 0) expect(callPlugin(testbed, COMPILED, 'DEL').exitCode).toBe(0)
      else expect(`${stderr}${stdout}`, `${kibibytes}`).toMatch(/memory/)
      expect(testbed.hostState()).toBe(before)
      expect(testbed.filesIn('attachments')).toEqual([])
    }
  })

  it('keeps nothing back for later where it would have nothing left', () => {
    for (let kibibytes = 19_400; kibibytes < 25_000; kibibytes += 200) {
      const wrapper = ['prlimit', `--as=${kibibytes << 10}`]
      const exitCodes = ['ADD', 'DEL'].map(
        (command) => callPlugin(testbed, COMPILED, command, { wrapper }).exitCode,
      )
      expect({ kibibytes, exitCodes }).toEqual({ kibibytes, exitCodes: [0, 0] })
    }
    expect(testbed.hostState()).toBe(before)
  })

  it('or without enough descriptors says so, and a later DEL brings the device home', () => {
    expect(callPlugin(testbed, COMPILED, 'ADD').exitCode).toBe(0)
    // docs/errors.md has how many are enough.
    for (let most = 6; most < 15; most++) {
      const { document } = callPlugin(testbed, COMPILED, 'DEL', {
        wrapper: ['prlimit', `--nofile=${most}`],
      })
      expect(document, `${most}`).toMatchObject({
        msg: expect.stringMatching(/EMFILE|Too many open files/),
      })
    }
    const enough = (most: number) => ({ wrapper: ['prlimit', `--nofile=${most}`] })
    expect(callPlugin(testbed, COMPILED, 'DEL', enough(15)).exitCode).toBe(0)
    expect(testbed.hostState()).toBe(before)
    expect(callPlugin(testbed, COMPILED, 'ADD', enough(9)).exitCode).toBe(1)
    expect(testbed.hostState()).toBe(before)
    expect(callPlugin(testbed, COMPILED, 'ADD', enough(12)).exitCode).toBe(0)
  })
})
