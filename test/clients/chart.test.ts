import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { DaemonSet } from 'kubernetes-models/apps/v1'
import { describe, expect, it } from 'vitest'
import { DEPLOY, parseManifests, readManifests, renderKustomization } from '../support/manifests.js'
import { runSync } from '../support/run-sync.js'

const CHART = `${DEPLOY}/chart`

/** Where Debian's packages of Go libraries are, and where the compiled ones may be kept. */
const GO = {
  GO111MODULE: 'off',
  GOPATH: '/usr/share/gocode',
  GOCACHE: `${tmpdir()}/hdl3-go-cache`,
}

/**
 * What `helm template --namespace kube-system` prints, with some values of one's own: from a file,
 * or by --set.
 */
function render(own: Record<string, unknown> = {}, from: '--values' | '--set' = '--values') {
  const [values] = readManifests(`${CHART}/values.yaml`)
  const [chart] = readManifests(`${CHART}/Chart.yaml`)
  const input = {
    set: from === '--set',
    template: readFileSync(`${CHART}/templates/daemonset.yaml`, 'utf8'),
    values: {
      Values: { ...values, ...own, image: { ...values?.image, ...(own.image ?? {}) } },
      Release: { Name: 'host-device-l3', Namespace: 'kube-system' },
      Chart: { Name: chart?.name, Version: chart?.version, AppVersion: chart?.appVersion },
    },
  }
  const { stdout } = runSync('go', ['run', 'test/support/render-chart.go'], {
    input: JSON.stringify(input),
    env: GO,
  })
  const [document] = parseManifests(stdout, CHART)
  return document
}

describe('the chart of deploy/', () => {
  it('is, as it comes, what kustomize makes', () => {
    expect(render()).toEqual(renderKustomization(`${DEPLOY}/kustomize`)[0])
  })

  it('takes every value of values.yaml', () => {
    const given = {
      image: { repository: 'registry.example/cni', digest: 'sha256:0', pullPolicy: 'Always' },
      imagePullSecrets: [{ name: 'secret' }],
      binDirectory: '/usr/libexec/cni',
      force: true,
      maxUnavailable: 3,
      priorityClassName: '',
      nodeSelector: { nics: 'many' },
      affinity: { nodeAffinity: {} },
      tolerations: [{ key: 'nics', operator: 'Exists' }],
      podAnnotations: { 'example.org/note': 'x' },
      resources: { install: { limits: { memory: '64Mi' } }, wait: { requests: { cpu: '2m' } } },
    }
    const [values] = readManifests(`${CHART}/values.yaml`)
    expect(Object.keys(given).toSorted()).toEqual(Object.keys(values ?? {}).toSorted())
    const rendered = render(given)
    expect(() => new DaemonSet(rendered as never).validate()).not.toThrow()
    const { updateStrategy, template } = rendered?.spec ?? {}
    expect(updateStrategy.rollingUpdate).toEqual({ maxUnavailable: 3 })
    expect(template.metadata.annotations).toEqual(given.podAnnotations)
    expect(template.spec).toMatchObject({
      imagePullSecrets: given.imagePullSecrets,
      nodeSelector: given.nodeSelector,
      affinity: given.affinity,
      tolerations: given.tolerations,
      volumes: [{ name: 'cni-bin', hostPath: { path: '/usr/libexec/cni' } }],
    })
    expect(template.spec).not.toHaveProperty('priorityClassName')
    const [install] = template.spec.initContainers
    expect(install).toMatchObject({
      args: ['install', '--bin-dir', '/host/usr/libexec/cni', '--force'],
      volumeMounts: [{ name: 'cni-bin', mountPath: '/host/usr/libexec/cni' }],
      resources: given.resources.install,
    })
    expect(template.spec.containers[0].resources).toEqual(given.resources.wait)
    for (const container of [install, ...template.spec.containers])
      expect(container).toMatchObject({
        image: 'registry.example/cni@sha256:0',
        imagePullPolicy: 'Always',
      })
  })

  it.each([
    { tag: 20261129, from: '--values', expected: '20261129' },
    { tag: 20261129, from: '--set', expected: '20261129' },
    { tag: 1.1, from: '--values', expected: '1.1' },
    { tag: '1.10', from: '--set', expected: '1.10' },
  ] as const)('takes the tag $tag of $from', ({ tag, from, expected }) => {
    const spec = render({ image: { tag } }, from)?.spec.template.spec
    for (const { image } of [...spec.initContainers, ...spec.containers])
      expect(image).toBe(`localhost/host-device-l3:${expected}`)
  })
})
