import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { IDaemonSet } from 'kubernetes-models/apps/v1'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { description, version } from '../../package.json' with { type: 'json' }
import { COMPILED } from '../support/artefacts.js'
import { Containerd, CRI_NAMESPACE } from '../support/clients/containerd.js'
import { describeDevice, LOOK, makeHost } from '../support/clients/host.js'
import { ManifestPod } from '../support/clients/manifest-pod.js'
import { BRIDGE, LEND, makeNetwork } from '../support/clients/networks.js'
import { Pod } from '../support/clients/pod.js'
import { DEPLOY, renderKustomization } from '../support/manifests.js'
import { runSync } from '../support/run-sync.js'

const PLUGIN = '/opt/cni/bin/host-device-l3'

const daemonSetOf = (name: string) => renderKustomization(`${DEPLOY}/${name}`)[0] as IDaemonSet

/** Its own, and those of the components in it, as one expression. */
function licencesOf(bill: string): string {
  const { components } = JSON.parse(readFileSync(bill, 'utf8'))
  const licences = components.flatMap(({ licenses }: Component) =>
    licenses.map(({ expression }) => expression),
  )
  return [...new Set(['Apache-2.0', ...licences])].toSorted().join(' AND ')
}

/** A component in a document of CycloneDX. */
interface Component {
  licenses: { expression: string }[]
}

describe('deploy/', () => {
  let directory: string
  let archive: string

  beforeAll(() => {
    directory = mkdtempSync(`${tmpdir()}/hdl3-image-`)
    archive = `${directory}/image.tar`
    const machine = process.arch === 'x64' ? 'amd64' : process.arch
    runSync('tools/build-image.sh', ['dist', machine, archive])
  }, 120_000)
  afterAll(() => rmSync(directory, { recursive: true }))

  it('the image has the executable and its licences, and nothing else', () => {
    const unpacked = `${directory}/unpacked`
    runSync('mkdir', [unpacked])
    runSync('tar', ['-C', unpacked, '-xf', archive])
    const layers = runSync('sh', [
      '-c',
      `for layer in ${unpacked}/*.tar ${unpacked}/*/layer.tar; do [ -L "$layer" ] || [ ! -f "$layer" ] || tar -tf "$layer"; done`,
    ]).stdout
    expect(layers.split('\n').toSorted()).toEqual([
      'LICENSE',
      'THIRD-PARTY-NOTICES',
      'host-device-l3',
    ])
  })

  it('the image says what it is', () => {
    const storage = ['--root', `${directory}/root`, '--runroot', `${directory}/run`]
    const podman = (...words: string[]) =>
      runSync('podman', [...storage, '--storage-driver', 'vfs', ...words]).stdout
    podman('load', '--quiet', '--input', archive)
    const labels = podman(
      ...['image', 'inspect', '--format', '{{json .Labels}}'],
      `localhost/host-device-l3:${version}`,
    )
    expect(JSON.parse(labels)).toMatchObject({
      'org.opencontainers.image.title': 'host-device-l3',
      'org.opencontainers.image.description': description,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': licencesOf('dist/host-device-l3.cdx.json'),
    })
  })

  it('puts the plugin on a node, which then lends a device, and takes it off when none is lent', async () => {
    using testbed = makeHost()
    const before = describeDevice(testbed)
    await using containerd = await Containerd.start(testbed, COMPILED, makeNetwork(BRIDGE))
    const { node } = containerd
    // That of the machine is not to be used here.
    node.mustRun(['rm', PLUGIN])
    node.mustRun(['mkdir', '-p', '/run/given'])
    node.mustRun(['cp', archive, '/run/given/plugin.tar'])
    node.mustRun(['ctr', '-n', CRI_NAMESPACE, 'images', 'import', '/run/given/plugin.tar'])

    await using installer = await ManifestPod.run(containerd, daemonSetOf('kustomize'))
    expect(await installer.initialize()).toEqual({
      exitCode: 0,
      log: expect.stringMatching(`^/host${PLUGIN} is version ${version}`),
    })
    await installer.start()
    expect(node.mustRun(['stat', '-c', '%a %u', PLUGIN])).toBe('755 0')
    expect(await installer.stateOf('wait')).toBe('CONTAINER_RUNNING')

    // Of the pods here, only this one is to have a NIC. Multus would see to that.
    const withNic = { ...makeNetwork(BRIDGE, { ...LEND, ifName: 'net1' }), name: 'with-nic' }
    await containerd.useNetwork(withNic)
    using pod = await Pod.run(containerd)
    expect(pod.execute(LOOK).stdout).toContain('198.51.100.5/24 scope global net1')
    await containerd.useNetwork({ ...makeNetwork(BRIDGE), name: 'without' })

    await using remover = await ManifestPod.run(containerd, daemonSetOf('uninstall'))
    const refusal = await remover.initialize()
    expect(refusal.exitCode).toBe(1)
    expect(refusal.log).toContain(
      `eth1 is lent to pod default/pod (container ${pod.id.slice(0, 12)}…) since `,
    )
    expect(existsSync(node.path(PLUGIN))).toBe(true)

    await containerd.useNetwork(withNic)
    await pod.stop()
    await pod.remove()
    expect(describeDevice(testbed)).toEqual(before)
    await containerd.useNetwork({ ...makeNetwork(BRIDGE), name: 'without-again' })
    // As a kubelet tries it again.
    expect(await remover.initialize()).toMatchObject({ exitCode: 0 })
    expect(existsSync(node.path(PLUGIN))).toBe(false)
    await remover.start()

    const { exitCode, seconds } = await installer.stopContainer('wait')
    expect(exitCode).toBe(0)
    expect(seconds).toBeLessThan(5)
  }, 120_000)
})
