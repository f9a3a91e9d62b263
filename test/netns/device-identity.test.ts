import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { type CallOptions, callPlugin, startPlugin } from '../support/plugin.js'
import { at } from '../support/points.js'
import { startProcessIn } from '../support/process-in-namespace.js'
import { runSync } from '../support/run-sync.js'
import { tampered, traceCalls } from '../support/strace.js'
import { Testbed } from '../support/testbed.js'

/** A device is what the kernel says it is, and not what its pod gave it. */
describe.each(ARTEFACTS)('the identity of a device: $artefact', ({ path }) => {
  let testbed: Testbed
  let inode: string
  const call = (command: string, options: CallOptions = {}) =>
    callPlugin(testbed, path, command, options)
  const records = () => testbed.filesIn('attachments')
  const second = {
    configuration: { device: 'eth2' },
    variables: { CNI_CONTAINERID: 'container-2', CNI_IFNAME: 'net2' },
  }
  const inodeOf = (namespace: string, device: string) =>
    testbed.run(namespace, `stat -L -c %i /sys/class/net/${device}`).stdout
  const linkOf = (namespace: string, device: string) =>
    JSON.parse(runSync('ip', ['-n', namespace, '-json', 'link', 'show', device]).stdout)[0]

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    inode = inodeOf(testbed.host, 'eth1')
  })
  afterEach(() => testbed[Symbol.dispose]())

  function add(options: CallOptions = {}): void {
    const { exitCode, stdout } = call('ADD', options)
    expect(exitCode, stdout).toBe(0)
  }

  function expectHome(options: CallOptions = {}): void {
    expect(call('DEL', options)).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.onHost('link show dev eth1 up')).toContain('eth1@')
    expect(inodeOf(testbed.host, 'eth1')).toBe(inode)
    expect(records()).toEqual([])
  }

  it.each([
    ['MAC and alias', ['link set net1 address 02:00:00:00:00:99 alias mine']],
    [
      'everything that can be changed',
      [
        'link set net1 down',
        'link set net1 name .other',
        'link set .other address 02:00:00:00:00:99 alias mine',
      ],
    ],
  ])('is the same after its pod changed %s', (_, changes) => {
    add()
    for (const words of changes) testbed.inPod(words)
    expectHome()
  })

  it('is the same with a name that is no UTF-8', () => {
    add()
    rename(testbed.pod, 'net1', '\\xff\\xfe')
    expectHome()
  })

  it('is known of a device whose name on the host is no UTF-8', () => {
    const { address } = linkOf(testbed.host, 'eth1')
    rename(testbed.host, 'eth1', '\\xff\\xfe')
    const options = { configuration: { device: undefined, hwaddr: address } }
    add(options)
    testbed.inPod('link set net1 address 02:00:00:00:00:99 alias mine')
    expect(call('DEL', options)).toMatchObject({ exitCode: 0, stdout: '' })
    const shown = `ip -n ${testbed.host} link show $'\\xff\\xfe'`
    expect(runSync('bash', ['-c', shown]).exitCode).toBe(0)
    rename(testbed.host, '\\xff\\xfe', 'eth1')
    expect(inodeOf(testbed.host, 'eth1')).toBe(inode)
  })

  /** Gives a device a name of any bytes, as bash writes them. */
  function rename(namespace: string, from: string, to: string): void {
    runSync('bash', ['-c', `ip -n ${namespace} link set $'${from}' down name $'${to}'`])
  }

  it('is not that of another device of its MAC', () => {
    testbed.onHost('link set eth1 address 02:00:00:00:00:77 alias uplink')
    testbed.addDevice('eth2')
    testbed.onHost('link set eth2 address 02:00:00:00:00:77 alias uplink')
    add()
    // Not refused as lent: it is another one.
    add(second)
    const both = [inode, inodeOf(testbed.pod, 'net2')]
    expect(call('DEL', second)).toMatchObject({ exitCode: 0, stdout: '' })
    expectHome()
    expect(['eth1', 'eth2'].map((name) => inodeOf(testbed.host, name))).toEqual(both)
  })

  it('of two with one MAC, finds the one whose sandbox has lost its name', async () => {
    testbed.onHost('link set eth1 address 02:00:00:00:00:77')
    testbed.addDevice('eth2')
    testbed.onHost('link set eth2 address 02:00:00:00:00:77')
    const other = `${testbed.pod}-2`
    runSync('ip', ['netns', 'add', other])
    add({ ...second, variables: { ...second.variables, CNI_NETNS: `/run/netns/${other}` } })
    add()
    await using _process = await startProcessIn(testbed.pod)
    runSync('ip', ['netns', 'delete', testbed.pod])
    try {
      expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
      expect(inodeOf(testbed.host, 'eth1')).toBe(inode)
      expect(inodeOf(other, 'net2')).not.toBe('')
    } finally {
      runSync('ip', ['netns', 'delete', other])
    }
  })

  it('outranks names, aliases, MACs and indexes that its pod exchanged', () => {
    testbed.addDevice('eth2')
    const before = [inode, inodeOf(testbed.host, 'eth2')]
    add()
    add(second)
    const [one, two] = ['net1', 'net2'].map((name) => linkOf(testbed.pod, name))
    // A trip through a namespace where their indexes are taken gives them others.
    for (const { ifindex } of [one, two])
      testbed.run(testbed.cloud, `ip link add index ${ifindex} type ifb`, { reject: false })
    testbed.inPod(`link set net1 name first netns ${testbed.cloud}`)
    testbed.inPod(`link set net2 name other netns ${testbed.cloud}`)
    testbed.inCloud(`link set first netns ${testbed.pod} name net2`)
    testbed.inCloud(`link set other netns ${testbed.pod} name net1`)
    testbed.inPod(`link set net2 address ${two.address} alias eth2`)
    testbed.inPod(`link set net1 address ${one.address} alias eth1`)
    expect(inodeOf(testbed.pod, 'net2')).toBe(inode)
    expect(call('DEL').exitCode).toBe(0)
    expect(call('DEL', second).exitCode).toBe(0)
    expect(['eth1', 'eth2'].map((name) => inodeOf(testbed.host, name))).toEqual(before)
  })

  it('is not that of a device made again on the host, with the same name and MAC', async () => {
    add()
    const { address, ifindex } = linkOf(testbed.pod, 'net1')
    runSync('ip', ['netns', 'delete', testbed.pod])
    await expect.poll(() => testbed.inCloud('link')).not.toContain('eth1@')
    testbed.onHost(`link add net1 index ${ifindex} address ${address} type ifb`)
    testbed.onHost('link set net1 alias eth1')
    testbed.settle()
    const before = testbed.hostState()
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.hostState()).toBe(before)
    expect(records()).toEqual([])
  })

  it('that somebody changed in the record is that of none: DEL says what it leaves', () => {
    add()
    changeInode()
    expect(call('DEL')).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: expect.stringMatching(
        /eth1 counts as destroyed, but net1 in .* resembles it, and stays there: it has another inode/,
      ),
    })
    expect(records()).toEqual([])
    expect(inodeOf(testbed.pod, 'net1')).toBe(inode)
  })

  it('is not missed in another loan that resembles it', () => {
    testbed.onHost('link set eth1 address 02:00:00:00:00:77 alias uplink')
    testbed.addDevice('eth2')
    testbed.onHost('link set eth2 address 02:00:00:00:00:77')
    add()
    add(second)
    testbed.inPod('link delete net1')
    // It resembles the first one, and is the second.
    testbed.inPod('link set net2 alias eth1')
    const { exitCode, stderr } = call('DEL')
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/eth1 is gone: it counts as destroyed/)
    expect(stderr).not.toContain('resembles it')
    expect(call('DEL', second)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(testbed.onHost('link')).toContain('eth2@')
  })

  /** Changes the identity in the record to that of no device. */
  function changeInode(): void {
    const file = `${testbed.stateDirectory}/attachments/${records()[0]}`
    const record = JSON.parse(readFileSync(file, 'utf8'))
    record.device.identity.inode += 1_000_000
    writeFileSync(file, JSON.stringify(record))
  }

  it('is not that of a device in the namespace of somebody else, where the sandbox died', () => {
    add()
    const { address } = linkOf(testbed.pod, 'net1')
    runSync('ip', ['netns', 'delete', testbed.pod])
    testbed.inCloud(`link add eth1-copy address ${address} type veth peer name peer`)
    testbed.inCloud('link set eth1-copy alias eth1')
    expect(call('DEL')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.inCloud('link')).toContain('eth1-copy')
    expect(testbed.onHost('link')).not.toContain('eth1')
  })

  it('is checked on the host: what took its place during the move is put back', async () => {
    add()
    const { calls } = traceCalls(testbed, path, 'DEL', 'sendto')
    // strace does not know the socket of another namespace, and shows RTM_NEWLINK as a number.
    const nth = calls.findIndex((line) => line.includes('nlmsg_type=0x10 ')) + 1
    expect(nth).toBeGreaterThan(0)
    add()
    const { ifindex } = linkOf(testbed.pod, 'net1')
    const wrapper = tampered(...at({ kind: 'sendto', nth }, 'delay_enter=3000000'))
    const deletion = startPlugin(testbed, path, 'DEL', { wrapper })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    testbed.inPod(`link set net1 netns ${testbed.cloud} name stolen`)
    testbed.inPod(`link add impostor index ${ifindex} type ifb`)
    const { exitCode, document } = await deletion
    expect(exitCode).toBe(1)
    expect(document).toMatchObject({
      code: 103,
      msg: expect.stringContaining('in the place of eth1 was another device, and was put back'),
    })
    expect(testbed.inPod('link')).toContain('net1: ')
    expect(testbed.onHost('link')).not.toContain('eth1')
    expect(records()).toEqual(['container-1:net1.json'])
    expectHome()
  })

  it('of a device without a MAC is enough to lend it', () => {
    testbed.onHost('link add tunnel type vxlan external gpe dstport 4790')
    expect(linkOf(testbed.host, 'tunnel')).not.toHaveProperty('address')
    const options = { configuration: { device: 'tunnel', force: true } }
    const { exitCode, stdout } = call('ADD', options)
    expect(exitCode, stdout).toBe(0)
    expect(testbed.inPod('link')).toContain('net1@')
    testbed.inPod('link set net1 alias mine')
    expect(call('DEL', options)).toMatchObject({ exitCode: 0, stdout: '' })
    expect(testbed.onHost('link')).toContain('tunnel:')
  })

  describe('in a namespace that only', () => {
    /** The kernel does not move a device to a namespace without a name: a process goes there. */
    async function hide(script: string): Promise<AsyncDisposable> {
      const words = ['-c', HIDE, testbed.pod, script]
      const hidden = execa('python3', words, { reject: false, stdin: 'pipe' })
      await once(hidden.stdout, 'data')
      return {
        async [Symbol.asyncDispose]() {
          hidden.kill()
          await hidden
        },
      }
    }

    it.each([
      'file',
      'thread',
      'mount',
      'mount at a path that is no UTF-8',
      'mount outside the root of the process',
      'mount of a thread',
    ])('a %s keeps alive, it is found', async (holder) => {
      add()
      await using _hidden = await hide(holder)
      expect(testbed.inPod('link')).not.toContain('net1')
      expectHome()
    })
  })

  it('is said to be where it is when another one took its name while it was on its way', async () => {
    add()
    const { calls } = traceCalls(testbed, path, 'DEL', 'sendto')
    const nth = calls.findIndex((line) => line.includes('nlmsg_type=0x10 ')) + 1
    add()
    const wrapper = tampered(...at({ kind: 'sendto', nth }, 'delay_enter=3000000'))
    const deletion = startPlugin(testbed, path, 'DEL', { wrapper })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    testbed.onHost('link add eth1 type ifb')
    const { exitCode, document } = await deletion
    expect(exitCode).toBe(1)
    expect(testbed.onHost('link')).toContain('net1@')
    expect(document).toMatchObject({
      code: 103,
      msg: expect.stringMatching(/cannot return net1 in sandbox .* to the host as eth1: .*exists/),
      details: 'the device is on the host as net1, down; a later DEL tries again',
    })
    testbed.onHost('link delete eth1')
    expectHome()
  })

  it('is not taken for destroyed while its pod moves it from namespace to namespace', async () => {
    const [here, there] = [testbed.pod, testbed.cloud]
    const moves = `while :; do
      ip -n ${here} link set net1 netns ${there}
      ip -n ${there} link set net1 netns ${here}
    done 2>/dev/null`
    // Devices of others come, go and move meanwhile, of which the kernel knows only the number.
    const comings = `while :; do
      ip -n ${here} link add other type veth peer name other2 netns ${there}
      ip -n ${here} link delete other
    done 2>/dev/null`
    const others = execa('sh', ['-c', comings], { reject: false, stdio: 'ignore' })
    onTestFinished(async () => {
      others.kill()
      await others
    })
    for (let round = 0; round < 4; round++) {
      add()
      const pod = execa('sh', ['-c', moves], { reject: false, stdio: 'ignore' })
      // A call that does not catch it may fail, but then it keeps the record.
      for (let tries = 0; tries < 5 && call('DEL').exitCode !== 0; tries++)
        expect(records()).toEqual(['container-1:net1.json'])
      pod.kill()
      await pod
      // Its last move may still be under way.
      await expect.poll(() => call('DEL').exitCode).toBe(0)
      expectHome()
    }
  })

  describe('without a sysfs of other namespaces, as before Linux 5.2,', () => {
    const withoutIdentity = { wrapper: tampered('-e', 'inject=fsopen:error=ENOSYS') }

    it.each([
      ['as it was lent', []],
      ['renamed there', ['link set net1 name other']],
      ['with another MAC', ['link set net1 address 02:00:00:00:00:99']],
      ['with another alias', ['link set net1 alias mine']],
    ])('is what it resembles: %s', (_, changes) => {
      add(withoutIdentity)
      for (const words of changes) testbed.inPod(words)
      expectHome(withoutIdentity)
    })

    it('is not known with another MAC and alias: DEL fails, until the sandbox is gone', () => {
      add(withoutIdentity)
      testbed.inPod('link set net1 address 02:00:00:00:00:99 alias mine')
      expect(call('DEL', withoutIdentity).document).toMatchObject({
        code: 103,
        msg: expect.stringContaining('a device of that index is in sandbox'),
        details: expect.stringContaining('the record is kept'),
      })
      expect(records()).toEqual(['container-1:net1.json'])
      runSync('ip', ['netns', 'delete', testbed.pod])
      expect(call('DEL', withoutIdentity).exitCode).toBe(0)
      expect(records()).toEqual([])
    })

    it('is looked for in vain by a call that may not do what ADD did', () => {
      add()
      expect(call('DEL', withoutIdentity).document).toMatchObject({
        code: 102,
        msg: expect.stringContaining('cannot look for eth1 in the host'),
      })
      expectHome()
    })
  })
})

/**
 * Moves net1 to a new namespace that only a file, a thread or a mount leads to; of the mounts, one is seen by
 * a child only, since the process itself has another root, and one by a thread only.
 */
const HIDE = `
import ctypes, os, signal, subprocess, sys, threading
pod, holder = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET, CLONE_NEWNS = 0x40000000, 0x20000
own = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
def check(result):
    if result < 0: raise OSError(ctypes.get_errno(), 'failed')
def new_namespace():
    check(libc.unshare(CLONE_NEWNET))
    return os.open('/proc/thread-self/ns/net', os.O_RDONLY)
def move(path):
    check(libc.setns(own, CLONE_NEWNET))
    subprocess.run(['ip', '-n', pod, 'link', 'set', 'net1', 'netns', path], check=True)
def in_file():
    move('/proc/%d/fd/%d' % (os.getpid(), new_namespace()))
def in_thread():
    os.close(new_namespace())
    path = '/proc/%d/task/%d/ns/net' % (os.getpid(), threading.get_native_id())
    subprocess.run(['nsenter', '--net=/run/netns/' + pod, 'ip', 'link', 'set', 'net1', 'netns', path], check=True)
def in_mount(name):
    check(libc.unshare(CLONE_NEWNS))
    check(libc.mount(None, b'/', None, 0x44000, None))
    check(libc.mount(b'none', b'/mnt', b'tmpfs', 0, None))
    place = b'/mnt/' + name
    open(place, 'w').close()
    held = new_namespace()
    check(libc.mount(b'/proc/thread-self/ns/net', place, None, 0x1000, None))
    move(place)
    os.close(held)
def in_mount_of_child():
    in_mount(b'a place')
    os.mkdir('/mnt/empty')
    if os.fork() == 0:
        libc.prctl(1, signal.SIGKILL)
        while True: signal.pause()
    os.chroot('/mnt/empty')
def thread(work):
    def run():
        work()
        print('hidden', flush=True)
        threading.Event().wait()
    threading.Thread(target=run).start()
if holder == 'thread': thread(in_thread)
elif holder == 'mount of a thread': thread(lambda: in_mount(b'a place'))
else:
    if holder == 'file': in_file()
    elif holder == 'mount': in_mount(b'a place')
    elif holder == 'mount at a path that is no UTF-8': in_mount(bytes([255]))
    elif holder == 'mount outside the root of the process': in_mount_of_child()
    print('hidden', flush=True)
    sys.stdin.read()
`
