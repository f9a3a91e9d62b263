import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { callPlugin, runCommandLine } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

const CONTAINER = '4f5a'.repeat(16)
const POD = 'IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;TOKEN=secret'

describe.each(ARTEFACTS)('$artefact', ({ path }) => {
  let testbed: Testbed
  const run = (words: string) =>
    runCommandLine(testbed, path, [...words.split(' '), '--state-dir', testbed.stateDirectory])
  const lend = (variables: Record<string, string> = {}, configuration = {}) => {
    const own = { CNI_CONTAINERID: CONTAINER, CNI_ARGS: POD, ...variables }
    expect(callPlugin(testbed, path, 'ADD', { variables: own, configuration }).exitCode).toBe(0)
  }

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  describe('list', () => {
    it('says that nothing is lent, and makes no directory for that', () => {
      const { exitCode, stdout } = run('list')
      expect([exitCode, stdout]).toEqual([0, 'nothing is lent'])
      expect(testbed.filesIn('.')).toEqual([])
    })

    it('says what is lent to which pod, since when, as what, and where it is', () => {
      lend()
      const before = testbed.inPod('-4 address')
      const { exitCode, stdout } = run('list')
      expect(exitCode).toBe(0)
      const [loan = '', ...more] = stdout.split('\n')
      expect(loan).toMatch(
        /^eth1 is lent to pod default\/web-0 \(container 4f5a4f5a4f5a…\) since \d{4}-\d\d-\d\d \d\d:\d\d UTC, as net1 in sandbox \S+$/,
      )
      expect(more).toContain('  now     in its sandbox as net1, up')
      expect(more.join('\n')).toMatch(/before {2}up, 198\.51\.100\.5\/24, 1 route, 0 rules$/m)
      expect(stdout).not.toContain('secret')
      expect(testbed.inPod('-4 address')).toBe(before)
    })

    it('says the same as JSON', () => {
      lend()
      const { loans } = JSON.parse(run('list --json').stdout)
      expect(loans).toEqual([
        {
          ...{ device: 'eth1', mode: 'move', network: 'lent', interfaceName: 'net1' },
          ...{ pod: { namespace: 'default', name: 'web-0' }, containerId: CONTAINER },
          ...{ nameInSandbox: 'net1', sandboxPath: testbed.sandboxPath },
          since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          now: { in: 'sandbox', as: 'net1', up: true },
          hostState: expect.objectContaining({ addresses: ['198.51.100.5/24'], up: true }),
        },
      ])
    })

    it('finds a device that its pod renamed or moved on', () => {
      lend()
      testbed.inPod('link set net1 down')
      testbed.inPod('link set net1 name other')
      expect(run('list').stdout).toContain('now     in its sandbox as other, down')
      testbed.inPod(`link set other netns ${testbed.cloud} name third`)
      expect(run('list').stdout).toMatch(/now {5}in another network namespace, \S+, as third/)
    })

    it('says of a state that was applied where the interface is that has it', () => {
      testbed.inPod('link add net1 type ifb')
      testbed.inPod('link set net1 up')
      lend({}, { mode: 'apply', cniVersion: '1.0.0' })
      expect(run('list').stdout).toContain('now     in its sandbox as net1, up')
      // The rest of it has nothing to do with the device itself, which goes to another pod.
      const second = `${testbed.pod}-2`
      runSync('ip', ['netns', 'add', second])
      try {
        lend({ CNI_CONTAINERID: 'other', CNI_NETNS: `/run/netns/${second}` })
        const [applied] = run('list').stdout.split('\n\n')
        expect(applied).toContain('eth1 has given its state to')
        expect(applied).toContain('now     in its sandbox as net1, up')
        testbed.inPod('link delete net1')
        expect(run('list').stdout).toContain(
          'now     its interface is not in the sandbox; DEL or GC removes the record',
        )
      } finally {
        runSync('ip', ['netns', 'delete', second])
      }
    })

    it('says what is captured, and where the device is that another plugin moves', () => {
      const configuration = { mode: 'capture', cniVersion: '1.0.0' }
      lend({}, configuration)
      const [captured = '', ...more] = run('list').stdout.split('\n')
      expect(captured).toMatch(/^eth1 was captured for pod default\/web-0 .*, as net1 in sandbox /)
      expect(more[0]).toBe('  network lent, mode capture')
      expect(more[1]).toBe('  now     on the host as eth1, up')
      expect(more[2]).toMatch(/^ {2}before {2}up, 198\.51\.100\.5\/24, 1 route/)
      testbed.onHost(`link set eth1 netns ${testbed.pod}`)
      expect(run('list').stdout).toContain('  now     in its sandbox as eth1, down')
      const { loans, captures } = JSON.parse(run('list --json').stdout)
      expect(loans).toEqual([])
      expect(captures).toEqual([expect.objectContaining({ device: 'eth1', mode: 'capture' })])
    })

    it('says what could not be restored yet of a device that is home', () => {
      testbed.onHost('nexthop add id 7 via 198.51.100.1 dev eth1')
      lend({}, { restoreOnDelete: true })
      testbed.inCloud('link set eth1 down')
      const variables = { CNI_CONTAINERID: CONTAINER, CNI_ARGS: POD }
      const configuration = { restoreOnDelete: true }
      expect(callPlugin(testbed, path, 'DEL', { variables, configuration }).exitCode).toBe(0)
      expect(run('list').stdout.split('\n')).toEqual([
        'eth1 has not got all of its state back; each ADD, DEL and GC tries again',
        '  network lent',
        expect.stringMatching(/^ {2}now {5}on the host as eth1, /),
        '  state   1 nexthop object',
      ])
      const { loans, outstanding } = JSON.parse(run('list --json').stdout)
      expect(loans).toEqual([])
      expect(outstanding).toEqual([
        expect.objectContaining({
          ...{ device: 'eth1', network: 'lent' },
          state: expect.objectContaining({ routes: 0, nexthopObjects: 1 }),
        }),
      ])
      testbed.inCloud('link set eth1 up')
      testbed.settle()
      callPlugin(testbed, path, 'DEL', { configuration })
      expect(run('list').stdout).toBe('nothing is lent')
    })

    it('says that a virtual device died with its sandbox', async () => {
      lend()
      testbed.run(testbed.host, `ip netns delete ${testbed.pod}`)
      await expect.poll(() => run('list').stdout).toContain('now     destroyed')
    })
  })

  it.each([
    ['list', '/nonexistent/state', 'there is no directory /nonexistent/state'],
    ['return eth1', '/nonexistent/state', 'there is no directory /nonexistent/state'],
    ['repair --all', '/etc/passwd', 'there is no directory /etc/passwd'],
    ['list', 'etc', 'needs an absolute path, and etc is relative'],
    ['repair --all', './etc', 'needs an absolute path, and ./etc is relative'],
    ['keep --netns /proc/self/ns/net', 'etc', 'needs an absolute path, and etc is relative'],
  ])('%s --state-dir %s is refused', (words, directory, message) => {
    const all = [...words.split(' '), '--state-dir', directory]
    const { exitCode, stdout, stderr } = runCommandLine(testbed, path, all)
    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toContain(message)
  })

  it('list warns that the default directory was not made yet', () => {
    const hidden = ['sh', '-c', 'mount -t tmpfs hdl3 /var/lib && "$@"', 'sh', path, 'list']
    const words = ['netns', 'exec', testbed.host, ...hidden]
    const { exitCode, stdout, stderr } = runSync('ip', words, { reject: false })
    expect([exitCode, stdout]).toEqual([0, 'nothing is lent'])
    expect(stderr).toMatch(/^host-device-l3: there is no directory \/var\/lib\/\S+ yet: /)
  })

  it('a line break in the name of a pod makes no line of its own', () => {
    lend({ CNI_ARGS: 'K8S_POD_NAMESPACE=default;K8S_POD_NAME=x\neth9 is lent to pod y' })
    const [loan = '', ...more] = run('list').stdout.split('\n')
    expect(loan).toContain('pod default/x\\x0aeth9 is lent to pod y (container')
    expect(more).toHaveLength(3)
    expect(run('return eth1').stdout.split('\n')).toHaveLength(1)
  })

  describe('a file that is no record', () => {
    const record = () => `${testbed.stateDirectory}/attachments/${CONTAINER}:net1.json`
    const damage = (text: string) => {
      testbed.addDevice('eth2')
      lend()
      lend({ CNI_IFNAME: 'net2' }, { device: 'eth2' })
      writeFileSync(record(), text)
    }

    it.each([['list'], ['repair --all --dry-run']])(
      'stays where it is, and %s names it each time',
      (words) => {
        damage('x')
        const files = testbed.filesIn('attachments')
        for (let time = 0; time < 2; time++) {
          const { exitCode, stdout, stderr } = run(words)
          expect(exitCode).toBe(0)
          expect(stdout).toContain('eth2')
          expect(stdout + stderr).toContain(`${record()} is cut off or not ours`)
          expect(testbed.filesIn('attachments')).toEqual(files)
        }
      },
    )

    it('stays where it is also for explain', () => {
      damage('x')
      const file = `${testbed.stateDirectory}/network.conf`
      const { stateDirectory: stateDir } = testbed
      const own = {
        type: 'host-device-l3',
        name: 'x',
        cniVersion: '1.1.0',
        device: 'eth2',
        stateDir,
      }
      writeFileSync(file, JSON.stringify(own))
      for (let time = 0; time < 2; time++) {
        const { stdout } = runCommandLine(testbed, path, ['explain', '--config', file])
        expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`${record()} is cut off or not ours`)
      }
    })

    it('is named also after a call has set it aside', () => {
      damage('x')
      expect(callPlugin(testbed, path, 'GC').exitCode).toBe(0)
      const { exitCode, stdout } = run('list')
      expect([exitCode, stdout]).toEqual([
        0,
        expect.stringContaining(`warning: ${record()}.set-aside was set aside`),
      ])
      const { loans, others } = JSON.parse(run('list --json').stdout)
      expect([loans, others]).toEqual([
        [expect.objectContaining({ device: 'eth2' })],
        [expect.objectContaining({ file: `${record()}.set-aside`, cure: expect.anything() })],
      ])
    })

    it('for its date is none, is named, and is no defect of ADD', () => {
      lend()
      const whole = readFileSync(record(), 'utf8')
      writeFileSync(record(), whole.replace(/"lentAt":\d+/, '"lentAt":99999999999999'))
      expect(run('list')).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining(`${record()} is cut off or not ours`),
      })
      const { document, stderr } = callPlugin(testbed, path, 'ADD', {
        variables: { CNI_IFNAME: 'net2' },
      })
      expect([document.code, stderr]).toEqual([100, expect.stringContaining('is cut off')])
    })

    it('because others can write to it, is named with what to do; ADD of others says it too', () => {
      testbed.addDevice('eth2')
      lend()
      chmodSync(record(), 0o666)
      const cure = `chmod go-w ${record()}`
      expect(run('list').stdout).toContain(cure)
      const options = { variables: { CNI_IFNAME: 'net2' }, configuration: { device: 'eth2' } }
      const { document } = callPlugin(testbed, path, 'ADD', options)
      expect(document).toMatchObject({ code: 5, details: expect.stringContaining(cure) })
      chmodSync(record(), 0o600)
      expect(callPlugin(testbed, path, 'ADD', options).exitCode).toBe(0)
    })
  })

  describe('return', () => {
    it.each(['eth1', `--container ${CONTAINER}`, '--container 4f5a4f5a4f5a…', '--container 4f5'])(
      '%s brings the device home with its state',
      (words) => {
        const before = testbed.hostState()
        lend()
        const { exitCode, stdout, stderr } = run(`return ${words}`)
        expect(stderr).toBe('')
        expect([exitCode, stdout]).toEqual([
          0,
          'eth1 is home from pod default/web-0 (container 4f5a4f5a4f5a…), up',
        ])
        expect(testbed.hostState()).toBe(before)
        expect(testbed.filesIn('attachments')).toEqual([])
        expect(
          callPlugin(testbed, path, 'DEL', { variables: { CNI_CONTAINERID: CONTAINER } }).exitCode,
        ).toBe(0)
        expect(testbed.hostState()).toBe(before)
      },
    )

    it('a device and a container: that device of that container', () => {
      testbed.addDevice('eth2')
      lend()
      lend({ CNI_IFNAME: 'net2' }, { device: 'eth2' })
      expect(run('return eth2 --container 4f5a').stdout).toMatch(/^eth2 is home from .*, up$/)
      expect(testbed.inPod('-brief link')).toContain('net1@')
    })

    it.each(['>/dev/full', '>&-'])('says on stderr what it did where stdout fails: %s', (to) => {
      lend()
      const script = `exec ip netns exec "$1" "$2" return eth1 --state-dir "$3" ${to}`
      const words = ['-c', script, 'sh', testbed.host, path, testbed.stateDirectory]
      const { exitCode, stderr } = runSync('sh', words, { reject: false })
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(
        /^host-device-l3: cannot print the answer: .*; what was done is this:\neth1 is home from .*, up$/,
      )
    })

    it('--bare brings it home without its state', () => {
      lend()
      expect(run('return eth1 --bare').exitCode).toBe(0)
      expect(testbed.onHost('link show dev eth1 up')).toContain('eth1')
      expect(testbed.onHost('-4 address show dev eth1')).toBe('')
    })

    it('brings home all of a container, and nothing of another one', () => {
      for (const name of ['eth2', 'eth3']) testbed.addDevice(name)
      lend()
      lend({ CNI_IFNAME: 'net2' }, { device: 'eth2' })
      lend({ CNI_IFNAME: 'net3', CNI_CONTAINERID: '4f77' }, { device: 'eth3' })
      expect(run('return --container 4f').stderr).toContain('several containers')
      expect(run(`return --container ${CONTAINER}`).stdout.split('\n')).toHaveLength(2)
      expect(testbed.onHost('-brief link')).toMatch(/eth1@[\s\S]*eth2@|eth2@[\s\S]*eth1@/)
      expect(testbed.inPod('-brief link')).toContain('net3@')
    })

    it('fails as DEL does, keeps the record, and says why', () => {
      lend()
      testbed.onHost('link add name eth1 type ifb')
      const before = testbed.inPod('-4 address')
      const { exitCode, stdout, stderr } = run('return eth1')
      expect([exitCode, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(/cannot return net1 in sandbox \S+ to the host as eth1/)
      expect(testbed.inPod('-4 address')).toBe(before)
      expect(testbed.filesIn('attachments')).toHaveLength(1)
    })

    it.each([
      ['return', 'return needs a DEVICE, or --container ID'],
      ['return eth1 --container x', 'nothing is lent to a container "x"'],
      ['repair eth1 --all', 'repair takes "eth1", or --all, and not both'],
      ['keep --oci-state', '--oci-state needs the OCI state on stdin, which is empty'],
      ['return eth9', 'no device "eth9" is lent\n\'host-device-l3 list\' shows what is lent'],
      ['return --container x', 'nothing is lent to a container "x"'],
    ])('%s is refused', (words, message) => {
      lend()
      const { exitCode, stdout, stderr } = run(words)
      expect([exitCode, stdout]).toEqual([1, ''])
      expect(stderr).toContain(message)
      expect(testbed.inPod('link')).toContain('net1')
    })
  })

  it('an ADD of a lent device says which pod has it', () => {
    lend()
    const { document } = callPlugin(testbed, path, 'ADD', { variables: { CNI_IFNAME: 'net2' } })
    expect(document.msg).toMatch(
      /^eth1 is lent to pod default\/web-0 \(container 4f5a4f5a4f5a…\) since .* UTC, as net1 in/,
    )
  })
})
