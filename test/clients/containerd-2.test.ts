import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { Containerd } from '../support/clients/containerd.js'
import { CriConnection } from '../support/clients/cri.js'
import { describeDevice, LOOK, makeHost } from '../support/clients/host.js'
import { Pod } from '../support/clients/pod.js'
import { readExample } from '../support/examples.js'
import type { Testbed } from '../support/testbed.js'

/** Where `make test` unpacks it. */
const CONTAINERD_2 = fileURLToPath(
  new URL('../../build/forky-containerd/root/usr/bin', import.meta.url),
)

/** This client takes the higher one of its versions. */
const NETWORK = { ...readExample('10-host-device-l3.conflist'), name: 'lent' }

describe.each(ARTEFACTS)('$artefact, called by containerd 2 with CNI 1.1', ({ path }) => {
  let testbed: Testbed

  beforeEach(() => {
    testbed = makeHost()
  })
  afterEach(() => testbed[Symbol.dispose]())

  it('the pod has the network, and gives it back', async () => {
    const before = describeDevice(testbed)
    await using containerd = await Containerd.start(testbed, path, NETWORK, CONTAINERD_2)
    using pod = await Pod.run(containerd)
    const { exitCode, stdout } = pod.execute(LOOK)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('198.51.100.5/24 scope global eth0')
    const cache = containerd.node.read(`/var/lib/cni/results/lent-${pod.id}-eth0`)
    expect(JSON.parse(cache).result).toMatchObject({
      cniVersion: '1.1.0',
      interfaces: [{ mtu: 1500 }],
    })
    await pod.stop()
    expect(describeDevice(testbed)).toEqual(before)
    await pod.remove()
    expect(containerd.node.records()).toEqual([])
  })

  it('STATUS keeps the network ready while the device is lent, not once it is gone', async () => {
    await using containerd = await Containerd.start(testbed, path, NETWORK, CONTAINERD_2)
    using connection = new CriConnection(containerd.socketPath)
    const networkReady = async () => {
      const { status } = await connection.call('RuntimeService/Status', {})
      return status.conditions.find(({ type }: { type: string }) => type === 'NetworkReady')
    }
    expect(await networkReady()).toMatchObject({ status: true })
    using pod = await Pod.run(containerd)
    expect(await networkReady()).toMatchObject({ status: true })
    await pod.stop()
    testbed.onHost('link delete eth1')
    const message = expect.stringContaining('there is no device "eth1" on the host')
    expect(await networkReady()).toMatchObject({ status: false, message })
  })
})
