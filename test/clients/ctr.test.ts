import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { Containerd } from '../support/clients/containerd.js'
import { describeDevice, LOOK, makeHost } from '../support/clients/host.js'
import { CHAINS, FAILING_NETWORK } from '../support/clients/networks.js'
import type { Testbed } from '../support/testbed.js'

/** Warnings of a device that takes the default route along, and ends with its sandbox. */
const EXPECTED = /^$| the host has lost its only default route: |: eth1 is gone: /

describe.each(ARTEFACTS)('$artefact, called by ctr run --cni', ({ path }) => {
  let testbed: Testbed

  beforeEach(() => {
    testbed = makeHost()
  })
  afterEach(() => testbed[Symbol.dispose]())

  // ctr has the network removed when the container has ended. The kernel has then ended the
  // network namespace, and every virtual device in it: the end of a pod is in cri.test.ts.
  it.each(CHAINS)('$chain: the container has the network', async ({ network, seen }) => {
    await using containerd = await Containerd.start(testbed, path, network)
    const { exitCode, stdout, stderr } = containerd.runContainer(LOOK)
    expect(exitCode, stderr).toBe(0)
    expect(stderr.split('\n').filter((line) => !EXPECTED.test(line))).toEqual([])
    for (const words of seen) expect(stdout).toContain(words)
    expect(containerd.node.records()).toEqual([])
  })

  it('brings the device home where a later plugin fails', async () => {
    const before = describeDevice(testbed)
    await using containerd = await Containerd.start(testbed, path, FAILING_NETWORK)
    const { exitCode, stderr } = containerd.runContainer(LOOK)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('nonexistent')
    expect(describeDevice(testbed)).toEqual(before)
    expect(containerd.node.records()).toEqual([])
  })
})
