import { readFileSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { GvisorTestbed } from '../support/gvisor/gvisor-testbed.js'
import { type KeeperProcess, keepersOf } from '../support/gvisor/keepers.js'
import { runCommandLine, startPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { ScriptedIpam } from '../support/scripted-ipam.js'
import { traceCalls } from '../support/strace.js'

/** Without what it starts: strace would wait for the end of the keeper. */
const failingAt = (call: string, nth: number) =>
  ['strace', '-qq', '-o', '/dev/null', '-e', `trace=${call}`].concat(
    ...['-e', `inject=${call}:error=EIO:when=${nth}`],
  )

/** As long as a keeper may take to notice, on a machine that is busy. */
const SOON = { timeout: 10_000, interval: 50 }

/** Of a macvlan device: it hears IPv4's ARP without an address. */
const KEPT = ['2001:db8::5/128']

describe.each(ARTEFACTS)('the keeper of $artefact', ({ path }) => {
  let gvisor: GvisorTestbed
  const keepers = () => keepersOf(gvisor.containerId)
  /** The one keeper, once it has its title. */
  const theKeeper = async () => {
    await expect.poll(keepers).toHaveLength(1)
    return keepers()[0] as KeeperProcess
  }
  const kill = async () => process.kill((await theKeeper()).pid, 'SIGKILL')
  const expectNoKeeper = () => expect.poll(keepers, SOON).toEqual([])

  beforeEach(() => {
    gvisor = GvisorTestbed.withMacvlan(path)
  })
  afterEach(() => gvisor[Symbol.dispose]())

  it('is missed by CHECK when it was killed before gVisor started', async () => {
    gvisor.call('ADD')
    expect(gvisor.call('CHECK').exitCode).toBe(0)
    await kill()
    await expectNoKeeper()
    expect(gvisor.call('CHECK').document).toMatchObject({
      code: 105,
      msg: expect.stringMatching(/its address keeper \(process \d+\) has ended before gVisor/),
    })
  })

  it('is missed by CHECK when it was killed and gVisor removed the addresses', async () => {
    gvisor.call('ADD')
    await kill()
    await expectNoKeeper()
    gvisor.strip()
    expect(gvisor.call('CHECK').document).toMatchObject({
      code: 105,
      msg: expect.stringContaining('nobody put 2001:db8::5/128 back, and its address keeper'),
    })
  })

  it('is missed by CHECK when gVisor started after its deadline', async () => {
    const soon = { gvisor: { timeoutSeconds: 0.2 } }
    gvisor.call('ADD', soon)
    await expectNoKeeper()
    gvisor.strip()
    expect(gvisor.call('CHECK', soon).document).toMatchObject({ code: 105 })
    expect(gvisor.addresses()).toEqual([])
  })

  it.each([
    ['for which no address is assigned', {}],
    // Of the file and the directory of the attachment's record, then of those of the one for gVisor.
    ['that cannot make its record durable', { wrapper: failingAt('fsync', 4) }],
  ])('ends with an ADD that applies a state once more, %s', async (_, options) => {
    gvisor.testbed.onHost('address add 2001:db8:2::5/64 dev eth1')
    const applied = { mode: 'apply', device: 'eth1' }
    expect(gvisor.call('ADD', applied).exitCode).toBe(0)
    await theKeeper()
    using ipam = new ScriptedIpam({ ADD: 'exit 1' })
    const more = 'wrapper' in options ? {} : { ipam: { type: ipam.type } }
    const { document } = gvisor.call(
      'ADD',
      { ...applied, ...more },
      { ...options, variables: { CNI_PATH: ipam.directory } },
    )
    expect(document.details).toContain('what net1 was given is taken off again')
    await expectNoKeeper()
    expect(gvisor.testbed.filesIn('gvisor')).toEqual([])
  })

  describe('whose container has ended', () => {
    const repair = (...words: string[]) =>
      runCommandLine(gvisor.testbed, path, [
        ...['repair', '--all', '--state-dir', gvisor.testbed.stateDirectory],
        ...words,
      ])
    const about = () => `net1 of container ${gvisor.containerId}: `

    it('is started again by repair, and does what the first would have done', async () => {
      gvisor.call('ADD')
      await kill()
      await expectNoKeeper()
      const planned = repair('--dry-run').stdout
      expect(planned).toBe(`${about()}would try to put back its address keeper`)
      expect(keepers()).toEqual([])
      expect(repair().stdout).toBe(`${about()}put back its address keeper`)
      await theKeeper()
      expect(gvisor.call('CHECK').exitCode).toBe(0)
      expect(repair().stdout).toBe(`${about()}left all else: gVisor rules that sandbox`)
      gvisor.strip()
      await expect.poll(gvisor.addresses.bind(gvisor), SOON).toEqual(KEPT)
      await expectNoKeeper()
    })

    it('has its interface shown by list', () => {
      gvisor.call('ADD')
      const { stateDirectory, sandboxPath } = gvisor.testbed
      const list = (...words: string[]) =>
        runCommandLine(gvisor.testbed, path, ['list', '--state-dir', stateDirectory, ...words])
      expect(list().stdout.split('\n')).toEqual([
        `net1 of container ${gvisor.containerId} is in a gVisor sandbox, ${sandboxPath}`,
        expect.stringMatching(/^ {2}network \S+$/),
        expect.stringMatching(/^ {2}keeps {3}.*2001:db8::5/),
      ])
      const { loans, gvisor: shown } = JSON.parse(list('--json').stdout)
      expect(loans).toEqual([])
      expect(shown).toEqual([expect.objectContaining({ nameInSandbox: 'net1', sandboxPath })])
    })

    it('is replaced by repair when gVisor has removed the addresses', async () => {
      gvisor.call('ADD')
      await kill()
      await expectNoKeeper()
      gvisor.strip()
      expect(repair('--dry-run').stdout).toContain('would try to put back 2001:db8::5/128')
      expect(gvisor.addresses()).toEqual([])
      expect(repair()).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('put back 2001:db8::5/128'),
      })
      expect(gvisor.addresses()).toEqual(KEPT)
      expect(gvisor.call('CHECK').exitCode).toBe(0)
      expect(repair().stdout).toBe(`${about()}left all else: gVisor rules that sandbox`)
    })

    it('is replaced by CHECK with repairOnCheck', async () => {
      gvisor.call('ADD')
      await kill()
      await expectNoKeeper()
      gvisor.strip()
      const { exitCode, stdout } = gvisor.call('CHECK', { repairOnCheck: true })
      expect(exitCode, stdout).toBe(0)
      expect(gvisor.addresses()).toEqual(KEPT)
    })
  })

  it('is ended by a descriptor of its process, never by its id', async () => {
    gvisor.call('ADD')
    const { pid } = await theKeeper()
    const { calls, exitCode, stdout } = traceCalls(
      gvisor.testbed,
      path,
      'DEL',
      'pidfd_open,pidfd_send_signal,kill,tkill,tgkill,openat,open',
      // A sanitized executable cannot look for leaks while it is traced.
      { variables: { CNI_CONTAINERID: gvisor.containerId, ASAN_OPTIONS: 'detect_leaks=0' } },
    )
    expect(exitCode, stdout).toBe(0)
    // Between the two it is recognised: another process cannot be the open one.
    const order = calls.flatMap(
      (line) =>
        line.match(
          / (pidfd_open|pidfd_send_signal|t?g?kill)\(|open(at)?\([^"]*"\/proc\/\d+\/stat"/,
        )?.[0] ?? [],
    )
    expect(order).toEqual([
      ' pidfd_open(',
      expect.stringContaining(`"/proc/${pid}/stat"`),
      ' pidfd_send_signal(',
    ])
    await expectNoKeeper()
  })

  it('is not taken for another process that has its id', async () => {
    gvisor.call('ADD')
    await kill()
    await expectNoKeeper()
    const other = execa('sleep', ['60'], { reject: false })
    const directory = `${gvisor.testbed.stateDirectory}/gvisor`
    const [name] = gvisor.testbed.filesIn('gvisor')
    const record = JSON.parse(readFileSync(`${directory}/${name}`, 'utf8'))
    record.keeper.pid = other.pid
    writeFileSync(`${directory}/${name}`, JSON.stringify(record))
    expect(gvisor.call('DEL').exitCode).toBe(0)
    expect(other.kill(0)).toBe(true)
    other.kill()
    await other
  })

  it('ends with DEL, which nobody gives the key any more', async () => {
    gvisor.call('ADD')
    await expect.poll(keepers).toHaveLength(1)
    expect(gvisor.call('DEL', { gvisor: undefined })).toMatchObject({ exitCode: 0, stdout: '' })
    await expectNoKeeper()
    gvisor.strip()
    expect(gvisor.call('DEL').exitCode).toBe(0)
    expect(gvisor.addresses()).toEqual([])
  })

  it('ends with GC, if its attachment is not valid any more', async () => {
    const { containerId } = gvisor
    const gc = (valid: object[]) =>
      gvisor.call('GC', {
        cniVersion: '1.1.0',
        prevResult: undefined,
        'cni.dev/valid-attachments': valid,
      })
    gvisor.call('ADD')
    expect(gc([{ containerID: containerId, ifname: 'net1' }]).exitCode).toBe(0)
    await expect.poll(keepers).toHaveLength(1)
    expect(gc([]).exitCode).toBe(0)
    await expectNoKeeper()
  })

  it('is replaced by that of another ADD', async () => {
    gvisor.call('ADD')
    const first = await theKeeper()
    gvisor.call('ADD')
    await expect.poll(() => keepers().some(({ pid }) => pid !== first.pid)).toBe(true)
    await expect.poll(keepers).toHaveLength(1)
  })

  it('ends with the interface', async () => {
    gvisor.call('ADD')
    gvisor.testbed.inPod('link delete net1')
    await expectNoKeeper()
  })

  it('ends with the sandbox, and lets it go', async () => {
    const { testbed } = gvisor
    testbed.inPod(`link add witness type veth peer name witness netns ${testbed.cloud}`)
    gvisor.call('ADD')
    await expect.poll(keepers).toHaveLength(1)
    runSync('ip', ['netns', 'delete', testbed.pod])
    await expectNoKeeper()
    await expect.poll(() => testbed.inCloud('link'), SOON).not.toContain('witness')
  })

  it('is one of fifty that leave nothing behind', async () => {
    const { testbed } = gvisor
    const pods = Array.from({ length: 50 }, (_, n) => `${testbed.pod}-${n}`)
    try {
      for (const [n, pod] of pods.entries()) {
        runSync('ip', ['netns', 'add', pod])
        testbed.onHost(`link add link eth1 name made type macvlan mode bridge`)
        testbed.onHost(`link set made netns ${pod} name net1`)
        const ip = (words: string) => runSync('ip', ['-n', pod, ...words.split(' ')])
        ip('link set net1 up')
        ip(`address add 2001:db8::${100 + n}/64 dev net1 nodad`)
        ip(`link add witness type veth peer name witness-${n} netns ${testbed.cloud}`)
      }
      const call = (command: string, pod: string, n: number) => {
        const sandbox = `/run/netns/${pod}`
        const ips = [{ address: `2001:db8::${100 + n}/64`, interface: 0 }]
        const prevResult = { interfaces: [{ name: 'net1', sandbox }], ips }
        return startPlugin(testbed, path, command, {
          configuration: { cniVersion: '1.0.0', device: undefined, gvisor: true, prevResult },
          variables: { CNI_CONTAINERID: pod, CNI_NETNS: sandbox },
        })
      }
      const added = await Promise.all(pods.map((pod, n) => call('ADD', pod, n)))
      expect(added.map(({ exitCode }) => exitCode)).toEqual(pods.map(() => 0))
      await expect.poll(keepers).toHaveLength(50)
      for (const [n, pod] of pods.entries()) {
        if (n % 2 === 0) runSync('ip', ['-n', pod, 'address', 'flush', 'dev', 'net1'])
        runSync('ip', ['netns', 'delete', pod])
      }
      await expectNoKeeper()
      await expect.poll(() => testbed.inCloud('link'), SOON).not.toContain('witness')
    } finally {
      for (const pod of pods) runSync('ip', ['netns', 'delete', pod], { reject: false })
    }
  })
})
