import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMPILED } from '../support/artefacts.js'
import { batch } from '../support/batch.js'
import { LONG } from '../support/length.js'
import { callPlugin } from '../support/plugin.js'
import { runSync } from '../support/run-sync.js'
import { Testbed } from '../support/testbed.js'

/** Of the executable: it takes three megabytes for a small pod. Of Node, memory says little. */
const MOST_KILOBYTES = 10_000

const ROUTES = LONG ? 100_000 : 30_000
/** The kernel looks at all routes of a place for each that it adds there. */
const IN_PLACE = LONG ? 20_000 : 8_000
/** Where this process may not have so many opened, it is found behind fewer all the same. */
const mayOpenMany = runSync('sh', ['-c', 'ulimit -n 500100'], { reject: false }).exitCode === 0
const DESCRIPTORS = mayOpenMany ? 500_000 : 15_000
const MOUNTS = LONG ? 60_000 : 15_000

/** Memory does not depend on what a pod has, wherever a DEL reads that. */
describe('the memory that DEL takes has no part in it', () => {
  let testbed: Testbed

  beforeEach(() => {
    testbed = new Testbed()
    testbed.onHost('address add 198.51.100.5/24 dev eth1')
    testbed.onHost('route add 203.0.113.0/24 via 198.51.100.1 table 100')
  })
  afterEach(() => testbed[Symbol.dispose]())

  function del(configuration: object) {
    const report = `${testbed.stateDirectory}/peak`
    const outcome = callPlugin(testbed, COMPILED, 'DEL', {
      wrapper: ['time', '-q', '-f', '%M', '-o', report],
      configuration: { ...configuration, timeoutSeconds: 200 },
      milliseconds: 250_000,
    })
    return { ...outcome, kilobytes: Number(readFileSync(report, 'utf8').trim().split('\n').pop()) }
  }

  function expectFrugal(configuration: object) {
    const { exitCode, stderr, kilobytes } = del(configuration)
    expect(exitCode, stderr).toBe(0)
    expect(kilobytes).toBeLessThan(MOST_KILOBYTES)
    return stderr
  }

  describe('with mode apply, and', () => {
    const configuration = { cniVersion: '1.0.0', mode: 'apply' }
    const range = (count: number) => Array.from({ length: count }, (_, n) => n)

    beforeEach(() => {
      testbed.inPod('link add net1 type ifb')
      testbed.inPod('link set net1 up')
      const { exitCode, stdout } = callPlugin(testbed, COMPILED, 'ADD', { configuration })
      expect(exitCode, stdout).toBe(0)
    })

    it(`${ROUTES} routes of an interface that loses its last address`, () => {
      const addressOf = (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`
      batch(testbed.pod, ...range(ROUTES).map((n) => `route add ${addressOf(n)}/32 dev net1`))
      const stderr = expectFrugal(configuration)
      expect(stderr).toMatch(/\d+ more routes and addresses of net1 may be gone with/)
      expect(testbed.inPod('route show 10.0.0.0/32')).toContain('dev net1')
    })

    it(`${IN_PLACE} routes in the place of one of ADD`, () => {
      const words = 'table 100 via 198.51.100.1 dev net1'
      const others = range(IN_PLACE).map(
        (n) => `route append 203.0.113.0/24 ${words} mtu ${1000 + n} proto 99`,
      )
      batch(testbed.pod, ...others)
      testbed.inPod('address add 192.0.2.1/24 dev net1')
      expectFrugal(configuration)
      expect(testbed.inPod('route show table 100')).not.toMatch(/net1 *$/m)
    })
  })

  describe('where the device is found behind', () => {
    async function findBehind(script: string): Promise<void> {
      expect(callPlugin(testbed, COMPILED, 'ADD').exitCode).toBe(0)
      const pod = execa('python3', ['-c', IN_NAMESPACE + script], { reject: false, stdin: 'pipe' })
      try {
        await once(pod.stdout, 'data')
        testbed.inPod(`link set net1 netns ${pod.pid}`)
        pod.stdin.write('\n')
        await once(pod.stdout, 'data')
        expectFrugal({})
        expect(testbed.onHost('link show eth1')).toContain('eth1')
      } finally {
        pod.kill('SIGKILL')
        await pod
      }
    }

    it(`${DESCRIPTORS} descriptors`, { timeout: 300_000 }, () => findBehind(BEHIND_DESCRIPTORS))

    it(`${MOUNTS} mounts`, { timeout: 300_000 }, () => findBehind(BEHIND_MOUNTS))
  })
})

const IN_NAMESPACE = `
import ctypes, fcntl, os, resource, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def check(result):
    if result < 0: raise OSError(ctypes.get_errno(), 'failed')
def say(what):
    print(what, flush=True)
CLONE_NEWNET, CLONE_NEWNS = 0x40000000, 0x20000
own = os.open('/proc/self/ns/net', os.O_RDONLY)
check(libc.unshare(CLONE_NEWNET))
say('ready')
sys.stdin.readline()
def hidden():
    check(libc.setns(own, CLONE_NEWNET))
    say('hidden')
    time.sleep(600)
`

const BEHIND_DESCRIPTORS = `
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (${DESCRIPTORS} + 100, max(hard, ${DESCRIPTORS} + 100)))
file = os.open('/dev/null', os.O_RDONLY)
for n in range(${DESCRIPTORS}): os.dup(file)
held = os.open('/proc/self/ns/net', os.O_RDONLY)
hidden()
`

const BEHIND_MOUNTS = `
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
check(libc.unshare(CLONE_NEWNS))
check(libc.mount(None, b'/', None, MS_REC | MS_PRIVATE, None))
check(libc.mount(b'none', b'/mnt', b'tmpfs', 0, None))
place = b'/mnt/' + b'/'.join([b'x' * 200] * 4)
os.makedirs(place)
for n in range(${MOUNTS}):
    one = b'%s/%d' % (place, n)
    os.mkdir(one)
    check(libc.mount(one, one, None, MS_BIND, None))
open('/mnt/a place', 'w').close()
check(libc.mount(b'/proc/self/ns/net', b'/mnt/a place', None, MS_BIND, None))
hidden()
`
