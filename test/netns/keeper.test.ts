import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { keepersOf, privateKibibytes } from '../support/gvisor/keepers.js'
import { Scene } from '../support/gvisor/scene.js'
import { settle } from '../support/settled.js'

/** Long enough for a keeper that would do something wrong to do it. */
const GRACE_MILLISECONDS = 300

describe.each(ARTEFACTS)('$artefact leaves a keeper that', ({ path }) => {
  let scene: Scene
  const keepers = () => keepersOf(scene.containerId)
  const log = () => `${scene.testbed.stateDirectory}/log`
  const cloudFinds = (address: string) => {
    scene.testbed.inCloud('neighbour flush dev eth1')
    scene.testbed.run(scene.testbed.cloud, `ping -c 1 -w 3 ${address}`, { reject: false })
    return scene.testbed.inCloud(`neighbour show ${address}`).includes('lladdr')
  }

  beforeEach(() => {
    scene = Scene.withMacvlan(path)
  })
  afterEach(() => scene[Symbol.dispose]())

  it('puts the IPv6 address back, once gVisor has taken them all', async () => {
    const { exitCode, document } = scene.call('ADD', { logFile: log(), logLevel: 'info' })
    expect({ exitCode, document }).toEqual({ exitCode: 0, document: scene.prevResult })
    await expect.poll(keepers).toHaveLength(1)
    scene.testbed.inPod('route add 2001:db8:9::/64 via 2001:db8::1 table 100')
    scene.strip()
    await expect.poll(() => scene.addresses()).toEqual(['2001:db8::5/128'])
    await expect.poll(keepers).toEqual([])
    expect(scene.testbed.inPod('-6 route show default')).toBe('')
    expect(scene.testbed.inPod('-6 route show table 100')).toBe('')
    expect(scene.testbed.inPod('-4 route')).toBe('')
    const accept = 'sysctl -n net.ipv6.conf.net1.accept_ra'
    expect(scene.testbed.run(scene.testbed.pod, accept).stdout).toBe('0')
    expect(cloudFinds('2001:db8::5')).toBe(true)
    expect(scene.call('CHECK')).toMatchObject({ exitCode: 0, stdout: '' })
    const lines = readFileSync(log(), 'utf8').trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: 'info',
      event: 'put back the addresses that gVisor removed',
      ...{ command: 'ADD', network: 'lent', containerId: scene.containerId, interface: 'net1' },
      sandbox: scene.testbed.sandboxPath,
      device: 'net1',
      addresses: ['2001:db8::5/128'],
    })
  })

  it('is missed by the neighbours where there is none', () => {
    scene.strip()
    expect(cloudFinds('2001:db8::5')).toBe(false)
  })

  it('lets an administrator remove one address, and heals after the others', async () => {
    scene.call('ADD')
    scene.testbed.inPod('address delete 2001:db8::5/64 dev net1')
    await pause(GRACE_MILLISECONDS)
    expect(scene.addresses()).not.toContain('2001:db8::5/128')
    expect(scene.testbed.inPod('-4 route')).toContain('default via 198.51.100.1')
    scene.strip()
    await expect.poll(() => scene.addresses()).toEqual(['2001:db8::5/128'])
  })

  it('takes a link that goes down and comes up for what it is', async () => {
    scene.testbed.inPod('address delete 198.51.100.5/24 dev net1')
    scene.call('ADD')
    scene.testbed.inPod('link set net1 down')
    await pause(GRACE_MILLISECONDS)
    scene.testbed.inPod('link set net1 up')
    await pause(GRACE_MILLISECONDS)
    expect(scene.addresses()).not.toContain('2001:db8::5/128')
    await expect.poll(keepers).toHaveLength(1)
  })

  it('changes nothing where the runtime removes nothing', async () => {
    const state = () =>
      ['address', '-4 route show table all', '-6 route show table all'].map((what) =>
        scene.testbed.inPod(what),
      )
    settle(scene.testbed.pod)
    const before = state()
    scene.call('ADD', { gvisor: { timeoutSeconds: 1 } })
    await expect.poll(keepers).toHaveLength(1)
    await expect.poll(keepers).toEqual([])
    expect(state()).toEqual(before)
    expect(scene.call('CHECK', { gvisor: { timeoutSeconds: 1 } }).exitCode).toBe(0)
  })

  it('costs next to nothing while it waits', async () => {
    scene.call('ADD')
    await pause(3000)
    const [keeper] = keepers()
    expect(keeper?.title).toBe(
      `host-device-l3: keeps addresses of net1 of container ${scene.containerId}`,
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
