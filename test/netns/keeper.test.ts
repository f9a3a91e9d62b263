import { linkSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { GvisorTestbed } from '../support/gvisor/gvisor-testbed.js'
import { keepersOf, privateKibibytes } from '../support/gvisor/keepers.js'
import { holdLock } from '../support/hold-lock.js'
import { settle } from '../support/settled.js'

/** What to put before a command for it to find nothing in /run, /tmp and /var that can be executed. */
const NOEXEC = [
  ...['unshare', '--mount', 'sh', '-euc'],
  `for directory in /run /tmp /var; do
    mount --rbind $directory $directory
    mount -o remount,bind,noexec $directory
  done
  exec "$@"`,
  'sh',
]

/** Long enough for a keeper that would do something wrong to do it. */
const GRACE_MILLISECONDS = 300

describe.each(ARTEFACTS)('$artefact leaves a keeper that', ({ path }) => {
  let gvisor: GvisorTestbed
  const keepers = () => keepersOf(gvisor.containerId)
  const log = () => `${gvisor.testbed.stateDirectory}/log`
  const cloudFinds = (address: string) => {
    gvisor.testbed.inCloud('neighbour flush dev eth1')
    gvisor.testbed.run(gvisor.testbed.cloud, `ping -c 1 -w 3 ${address}`, { reject: false })
    return gvisor.testbed.inCloud(`neighbour show ${address}`).includes('lladdr')
  }

  beforeEach(() => {
    gvisor = GvisorTestbed.withMacvlan(path)
  })
  afterEach(() => gvisor[Symbol.dispose]())

  it.each([
    ['DEL', {}],
    ['GC', { cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] }],
  ])(
    'ends only as no other call has its attachment, such as a repair: %s',
    async (command, keys) => {
      gvisor.call('ADD')
      const configuration = { timeoutSeconds: 1, ...keys }
      {
        const lock = `locks/${gvisor.containerId}:net1`
        await using _holder = await holdLock(`${gvisor.testbed.stateDirectory}/${lock}`)
        expect(gvisor.call(command, configuration).document).toMatchObject({ code: 11 })
        expect(keepers()).toHaveLength(1)
        expect(gvisor.testbed.filesIn('gvisor')).toHaveLength(1)
      }
      expect(gvisor.call(command, configuration)).toMatchObject({ exitCode: 0, stdout: '' })
      await expect.poll(keepers).toEqual([])
      expect(gvisor.testbed.filesIn('gvisor')).toEqual([])
    },
  )

  it('puts the IPv6 address back, once gVisor has taken them all', async () => {
    const { exitCode, document } = gvisor.call('ADD', { logFile: log(), logLevel: 'info' })
    expect({ exitCode, document }).toEqual({ exitCode: 0, document: gvisor.prevResult })
    await expect.poll(keepers).toHaveLength(1)
    gvisor.testbed.inPod('route add 2001:db8:9::/64 via 2001:db8::1 table 100')
    gvisor.strip()
    await expect.poll(() => gvisor.addresses()).toEqual(['2001:db8::5/128'])
    await expect.poll(keepers).toEqual([])
    expect(gvisor.testbed.inPod('-6 route show default')).toBe('')
    expect(gvisor.testbed.inPod('-6 route show table 100')).toBe('')
    expect(gvisor.testbed.inPod('-4 route')).toBe('')
    const accept = 'sysctl -n net.ipv6.conf.net1.accept_ra'
    expect(gvisor.testbed.run(gvisor.testbed.pod, accept).stdout).toBe('0')
    expect(cloudFinds('2001:db8::5')).toBe(true)
    expect(gvisor.call('CHECK')).toMatchObject({ exitCode: 0, stdout: '' })
    const lines = readFileSync(log(), 'utf8').trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: 'info',
      event: 'put back the addresses that gVisor removed',
      command: 'ADD',
      network: 'lent',
      containerId: gvisor.containerId,
      interface: 'net1',
      sandbox: gvisor.testbed.sandboxPath,
      device: 'net1',
      addresses: ['2001:db8::5/128'],
    })
  })

  it('writes to no log that has a second name', async () => {
    writeFileSync(log(), '')
    linkSync(log(), `${log()}-of-others`)
    const { exitCode, stdout } = gvisor.call('ADD', { logFile: log(), logLevel: 'info' })
    expect(exitCode, stdout).toBe(0)
    gvisor.strip()
    await expect.poll(() => gvisor.addresses()).toEqual(['2001:db8::5/128'])
    await expect.poll(keepers).toEqual([])
    expect(readFileSync(log(), 'utf8')).toBe('')
  })

  it('is started where nothing in /run, /tmp and /var can be executed', async () => {
    const { exitCode, stdout } = gvisor.call('ADD', {}, { wrapper: NOEXEC })
    expect(exitCode, stdout).toBe(0)
    await expect.poll(keepers).toHaveLength(1)
  })

  it('is missed by the neighbours where there is none', () => {
    gvisor.strip()
    expect(cloudFinds('2001:db8::5')).toBe(false)
  })

  it('lets an administrator remove one address, and heals after the others', async () => {
    gvisor.call('ADD')
    gvisor.testbed.inPod('address delete 2001:db8::5/64 dev net1')
    await pause(GRACE_MILLISECONDS)
    expect(gvisor.addresses()).not.toContain('2001:db8::5/128')
    expect(gvisor.testbed.inPod('-4 route')).toContain('default via 198.51.100.1')
    gvisor.strip()
    await expect.poll(() => gvisor.addresses()).toEqual(['2001:db8::5/128'])
  })

  it('takes a link that goes down and comes up for what it is', async () => {
    gvisor.testbed.inPod('address delete 198.51.100.5/24 dev net1')
    gvisor.call('ADD')
    gvisor.testbed.inPod('link set net1 down')
    await pause(GRACE_MILLISECONDS)
    gvisor.testbed.inPod('link set net1 up')
    await pause(GRACE_MILLISECONDS)
    expect(gvisor.addresses()).not.toContain('2001:db8::5/128')
    await expect.poll(keepers).toHaveLength(1)
  })

  it('changes nothing where the runtime removes nothing', async () => {
    const state = () =>
      ['address', '-4 route show table all', '-6 route show table all'].map((what) =>
        gvisor.testbed.inPod(what),
      )
    settle(gvisor.testbed.pod)
    const before = state()
    gvisor.call('ADD', { gvisor: { timeoutSeconds: 1 } })
    await expect.poll(keepers).toHaveLength(1)
    await expect.poll(keepers).toEqual([])
    expect(state()).toEqual(before)
    expect(gvisor.call('CHECK', { gvisor: { timeoutSeconds: 1 } }).exitCode).toBe(0)
  })

  it('costs next to nothing while it waits', async () => {
    gvisor.call('ADD')
    await pause(3000)
    const [keeper] = keepers()
    expect(keeper?.title).toBe(
      `host-device-l3: keeps addresses of net1 of container ${gvisor.containerId}`,
    )
    const { pid = 0, cpuTicks } = keeper ?? {}
    const size = privateKibibytes(pid)
    console.log(`a keeper has ${size} KiB of its own; 3 s of waiting took ${cpuTicks} ticks of CPU`)
    expect(size).toBeLessThan(1024)
    expect(cpuTicks).toBeLessThan(3)
    const session = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3]
    expect(Number(session)).toBe(pid)
  })
})
