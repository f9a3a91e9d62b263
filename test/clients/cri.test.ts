import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { Containerd } from '../support/clients/containerd.js'
import { describeDevice, LOOK, makeHost } from '../support/clients/host.js'
import { CHAINS, FAILING_NETWORK, LEND, makeNetwork } from '../support/clients/networks.js'
import { Pod } from '../support/clients/pod.js'
import type { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('$artefact, called by containerd for a kubelet', ({ path }) => {
  let testbed: Testbed

  beforeEach(() => {
    testbed = makeHost()
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each(CHAINS)('$chain: the pod has the network, and gives it back', async (chain) => {
    const before = describeDevice(testbed)
    await using containerd = await Containerd.start(testbed, path, chain.network)
    using pod = await Pod.run(containerd)
    // An answer that comes late may be lost on its way through containerd.
    await expect.poll(() => pod.execute(LOOK).stdout).toContain(chain.seen[0])
    const { exitCode, stdout } = pod.execute(LOOK)
    expect(exitCode).toBe(0)
    for (const words of chain.seen) expect(stdout).toContain(words)
    await pod.stop()
    expect(describeDevice(testbed)).toEqual(before)
    await pod.remove()
    expect(containerd.node.records()).toEqual([])
  })

  it('its address is reported as the pod’s, until that is stopped', async () => {
    await using containerd = await Containerd.start(testbed, path, makeNetwork(LEND))
    using pod = await Pod.run(containerd)
    const network = { ip: '198.51.100.5' }
    expect(await pod.status()).toEqual({ state: 'SANDBOX_READY', network })
    expect(containerd.node.records()).toEqual([`${pod.id}:eth0.json`])
    await pod.stop()
    expect(await pod.status()).toMatchObject({ state: 'SANDBOX_NOTREADY' })
    expect(testbed.onHost('link show dev eth1 up')).toContain('eth1')
  })

  it('CHECK agrees with the result that libcni keeps, and sees when it is no longer so', async () => {
    const network = makeNetwork(LEND)
    await using containerd = await Containerd.start(testbed, path, network)
    using pod = await Pod.run(containerd)
    const { node } = containerd
    const { result } = JSON.parse(node.read(`/var/lib/cni/results/lent-${pod.id}-eth0`))
    const { cniVersion, name } = network
    const check = () =>
      node.run(['/opt/cni/bin/host-device-l3'], {
        input: JSON.stringify({ cniVersion, name, ...LEND, prevResult: result }),
        env: {
          CNI_COMMAND: 'CHECK',
          CNI_CONTAINERID: pod.id,
          CNI_NETNS: result.interfaces[0].sandbox,
          CNI_IFNAME: 'eth0',
          CNI_PATH: '/opt/cni/bin',
        },
      })
    expect(check()).toMatchObject({ exitCode: 0, stdout: '' })
    const sandbox = `--net=${result.interfaces[0].sandbox}`
    node.mustRun(['nsenter', sandbox, 'ip', 'address', 'flush', 'dev', 'eth0'])
    expect(check()).toMatchObject({ exitCode: 1 })
  })

  it('brings the device home where a later plugin fails', async () => {
    const before = describeDevice(testbed)
    await using containerd = await Containerd.start(testbed, path, FAILING_NETWORK)
    await expect(Pod.run(containerd)).rejects.toThrow('nonexistent')
    expect(describeDevice(testbed)).toEqual(before)
    expect(containerd.node.records()).toEqual([])
  })
})
