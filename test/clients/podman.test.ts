import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ARTEFACTS } from '../support/artefacts.js'
import { describeDevice, LOOK, makeHost } from '../support/clients/host.js'
import { BRIDGE, CHAINS, FAILING_NETWORK, LEND, makeNetwork } from '../support/clients/networks.js'
import { Podman } from '../support/clients/podman.js'
import type { Testbed } from '../support/testbed.js'

describe.each(ARTEFACTS)('$artefact, called by podman', ({ path }) => {
  let testbed: Testbed

  beforeEach(() => {
    testbed = makeHost()
  })
  afterEach(() => testbed[Symbol.dispose]())

  it.each(CHAINS)('$chain: the container has the network, and gives it back', async (chain) => {
    const before = describeDevice(testbed)
    await using podman = await Podman.make(testbed, path, chain.network)
    const { exitCode, stdout, stderr } = podman.runContainer([chain.network], LOOK)
    expect(exitCode, stderr).toBe(0)
    for (const words of chain.seen) expect(stdout).toContain(words)
    expect(describeDevice(testbed)).toEqual(before)
    expect(podman.node.records()).toEqual([])
  })

  it('is a second network beside a bridge', async () => {
    const bridged = { ...makeNetwork(BRIDGE), name: 'bridged' }
    const lent = makeNetwork(LEND)
    const before = describeDevice(testbed)
    await using podman = await Podman.make(testbed, path, bridged, lent)
    const { exitCode, stdout, stderr } = podman.runContainer([bridged, lent], LOOK)
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toContain('10.22.0.2/24 brd 10.22.0.255 scope global eth0')
    expect(stdout).toContain('198.51.100.5/24 scope global eth1')
    expect(describeDevice(testbed)).toEqual(before)
    expect(podman.node.records()).toEqual([])
  })

  it('brings the device home where a later plugin fails', async () => {
    const before = describeDevice(testbed)
    await using podman = await Podman.make(testbed, path, FAILING_NETWORK)
    const { exitCode, stderr } = podman.runContainer([FAILING_NETWORK], LOOK)
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain('nonexistent')
    expect(describeDevice(testbed)).toEqual(before)
    expect(podman.node.records()).toEqual([])
  })
})
