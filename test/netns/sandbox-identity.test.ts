import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin } from '../support/plugin.js'
import { startProcessIn } from '../support/process-in-namespace.js'
import { runSync } from '../support/run-sync.js'
import { tampered } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

/** A sandbox is the namespace that it was at ADD, and not whatever its path leads to now. */
describe.each(ARTEFACTS)('the identity of a sandbox: $artefact', ({ path }) => {
  let testbed: Testbed
  const call = (command: string, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, options)
  const records = () => testbed.filesIn('attachments')
  const record = () => `${testbed.stateDirectory}/attachments/container-1:net1.json`
  const collection: CallOptions = {
    configuration: { 'cni.dev/valid-attachments': [] },
    variables: { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined },
  }
  /** Each of the ways in which a device comes home. */
  const WAYS: [string, CallOptions][] = [
    ['DEL', {}],
    ['GC', collection],
  ]

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('rule add from 198.51.100.5 lookup main priority 50')
  })
  afterEach(() => testbed[Symbol.dispose]())

  function add(options: CallOptions = {}): void {
    const { exitCode, stdout } = call('ADD', options)
    expect(exitCode, stdout).toBe(0)
  }

  function expectHome(): void {
    expect(testbed.onHost('link show dev eth1 up')).toContain('eth1@')
    expect(records()).toEqual([])
  }

  describe.each(WAYS)('%s', (command, options) => {
    it.each([
      ['openat,open', 'ENFILE'],
      ['openat,open', 'EMFILE'],
      ['openat,open', 'EACCES'],
      ['openat,open', 'EIO'],
      ['statfs', 'EACCES'],
      ['statfs', 'EIO'],
      ['statfs', 'ENOMEM'],
      ['setns', 'EPERM'],
      ['setns', 'ENOMEM'],
    ])('fails where %s of the sandbox fails with %s: that does not mean gone', (kind, error) => {
      add()
      // setns(2) has no path; the first is that into the sandbox.
      const only = kind === 'setns' ? [] : ['-P', testbed.sandboxPath]
      const wrapper = tampered(...only, '-e', `inject=${kind}:error=${error}:when=1`)
      const { exitCode, document } = call(command, { ...options, wrapper })
      expect(exitCode).toBe(1)
      expect(document).toMatchObject({ msg: expect.stringContaining(testbed.sandboxPath) })
      expect(document.details).toContain('the record is kept')
      expect(records()).toEqual(['container-1:net1.json'])
      expect(testbed.inPod('link')).toContain('net1@')
      expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
      expectHome()
    })

    it('fails where another namespace cannot be searched', async () => {
      add()
      await using _process = await startProcessIn(testbed.pod)
      runSync('ip', ['netns', 'delete', testbed.pod])
      const wrapper = tampered('-e', 'inject=setns:error=EPERM')
      const { exitCode, document } = call(command, { ...options, wrapper })
      expect(exitCode).toBe(1)
      expect(document).toMatchObject({
        code: 103,
        msg: expect.stringContaining('not every namespace could be searched'),
        details: expect.stringContaining('the record is kept'),
      })
      expect(records()).toEqual(['container-1:net1.json'])
      expect(call(command, options)).toMatchObject({ exitCode: 0, stdout: '' })
      expectHome()
    })

    it('finds the device where a file that is no namespace is at the path', async () => {
      add()
      await using _process = await startProcessIn(testbed.pod)
      runSync('ip', ['netns', 'delete', testbed.pod])
      writeFileSync(testbed.sandboxPath, '')
      expect(call(command, options)).toMatchObject({ exitCode: 0, stdout: '' })
      expectHome()
    })

    it('touches no rule of another sandbox that is at the path now', async () => {
      add()
      await using _process = await startProcessIn(testbed.pod)
      runSync('ip', ['netns', 'delete', testbed.pod])
      runSync('ip', ['netns', 'add', testbed.pod])
      testbed.inPod('rule add from 198.51.100.5 lookup main priority 50')
      expect(call(command, options)).toMatchObject({ exitCode: 0, stdout: '' })
      expectHome()
      expect(testbed.inPod('rule')).toContain('from 198.51.100.5')
    })

    it('touches no rule of the host, to which the path leads now', async () => {
      add()
      await using _process = await startProcessIn(testbed.pod)
      runSync('ip', ['netns', 'delete', testbed.pod])
      writeFileSync(testbed.sandboxPath, '')
      runSync('mount', ['--bind', `/run/netns/${testbed.host}`, testbed.sandboxPath])
      try {
        const variables = { ...options.variables, CNI_NETNS: undefined }
        expect(call(command, { ...options, variables })).toMatchObject({ exitCode: 0, stdout: '' })
        expectHome()
        expect(testbed.onHost('rule')).toContain('from 198.51.100.5')
      } finally {
        runSync('umount', [testbed.sandboxPath])
      }
    })
  })

  it('CHECK does not take another namespace at the path for it', () => {
    const { document } = call('ADD')
    const sandbox = `/run/netns/${testbed.pod}`
    runSync('umount', [sandbox])
    runSync('mount', ['--bind', `/run/netns/${testbed.cloud}`, sandbox])
    expect(call('CHECK', { configuration: { prevResult: document } }).document).toMatchObject({
      code: 105,
      msg: `another namespace than that of ADD is at ${sandbox}`,
    })
  })

  it('STATUS does not take the host at the path for it', () => {
    add()
    runSync('umount', [testbed.sandboxPath])
    runSync('mount', ['--bind', `/run/netns/${testbed.host}`, testbed.sandboxPath])
    const variables = { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined }
    expect(call('STATUS', { variables }).document.code).toBe(51)
  })

  it('of an inode number that another namespace got is not mistaken: cookies differ', () => {
    add()
    const text = readFileSync(record(), 'utf8')
    const { sandbox } = JSON.parse(text)
    expect(sandbox).toMatchObject({ inode: expect.any(Number), cookie: expect.any(Number) })
    const other = JSON.stringify(sandbox).replace(/"cookie":\d+/, '"cookie":1')
    writeFileSync(record(), text.replace(JSON.stringify(sandbox), other))
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expectHome()
    expect(testbed.inPod('rule')).toContain('from 198.51.100.5')
  })

  describe('other attachments', () => {
    const other = { variables: { CNI_CONTAINERID: 'container-2' } }

    it('a refused ADD of another container, and its DEL, leave the device in its pod', () => {
      add()
      expect(call('ADD', other).document).toMatchObject({ code: 11 })
      expect(call('DEL', other)).toMatchObject({ exitCode: 0, stdout: '' })
      expect(testbed.inPod('link')).toContain('net1@')
      expect(records()).toEqual(['container-1:net1.json'])
      expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
      expectHome()
    })

    it('an entry of the chain without a name of its own is refused, not mixed up', () => {
      testbed.addDevice('eth2')
      const { document } = call('ADD')
      const second = { configuration: { device: 'eth2', prevResult: document } }
      expect(call('ADD', second).document).toMatchObject({
        code: 7,
        msg: 'cannot apply anything to net1: it is eth1 of the host, which this plugin lent before',
        details: expect.stringContaining('"ifName"'),
      })
      expect(testbed.onHost('link')).toContain('eth2@')
      expect(call('GC', collection)).toMatchObject({ exitCode: 0, stdout: '' })
      expectHome()
    })
  })

  describe('without a record, DEL', () => {
    it.each([
      ['the name of a device that the host has not', 'docker0'],
      ['the name of a device that is lent elsewhere', 'eth1'],
    ])('leaves a device of the pod with %s', (_, alias) => {
      runSync('ip', ['netns', 'add', `${testbed.pod}-2`])
      try {
        const elsewhere = { CNI_CONTAINERID: 'container-2', CNI_NETNS: `${testbed.sandboxPath}-2` }
        add({ variables: elsewhere })
        testbed.inPod('link add net1 type veth peer name peer')
        testbed.inPod(`link set net1 alias ${alias}`)
        const before = testbed.onHost('link')
        const { exitCode, stdout, stderr } = call('DEL', { configuration: { device: alias } })
        expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
        expect(stderr).toContain('net1 in sandbox')
        expect(stderr).toContain('stays there')
        expect(testbed.onHost('link')).toBe(before)
        expect(testbed.inPod('link')).toContain('net1@')
      } finally {
        runSync('ip', ['netns', 'delete', `${testbed.pod}-2`])
      }
    })
  })
})
