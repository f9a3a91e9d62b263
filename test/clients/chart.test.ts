import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { Ajv } from 'ajv'
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

const isAllowed = new Ajv({ strictTypes: false }).compile(
  JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')),
)

const DEFAULTS = readManifests(`${CHART}/values.yaml`)[0] as Record<string, unknown>

type Values = Record<string, unknown>

const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** As Helm does before it looks at the schema: maps are merged, and null takes a value away. */
function merged(below: Values, above: Values): Values {
  const all = Object.entries(above).map(([key, value]) => {
    const former = below[key]
    return [key, isMap(former) && isMap(value) ? merged(former, value) : value] as const
  })
  const entries = Object.entries({ ...below, ...Object.fromEntries(all) })
  return Object.fromEntries(entries.filter(([, value]) => value !== null))
}

/** What values.schema.json says of values of one's own. */
function faultsOf(own: Values): string[] {
  if (isAllowed(merged(DEFAULTS, own))) return []
  return (isAllowed.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

/** The values with one key misspelt, for each key of a map that is not the operator's own. */
function misspelt(values: Values, path: string[] = []): { at: string; values: Values }[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const { [key]: _, ...rest } = values
    const below = isMap(value) && !OPEN.includes(key) ? misspelt(value, [...path, key]) : []
    return [
      { at: [...path, key].join('.'), values: { ...rest, [`${key}x`]: value } },
      ...below.map((one) => ({ at: one.at, values: { ...values, [key]: one.values } })),
    ]
  })
}

/** Maps with keys of the operator. */
const OPEN = ['nodeSelector', 'podAnnotations', 'requests', 'limits']

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
      seLinuxOptions: { type: 'spc_t' },
      resources: { install: { limits: { memory: '64Mi' } }, wait: { requests: { cpu: '2m' } } },
    }
    const [values] = readManifests(`${CHART}/values.yaml`)
    expect(Object.keys(given).toSorted()).toEqual(Object.keys(values ?? {}).toSorted())
    expect(faultsOf(given)).toEqual([])
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
      securityContext: {
        seccompProfile: { type: 'RuntimeDefault' },
        seLinuxOptions: given.seLinuxOptions,
      },
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

  it('has a schema that allows the values as they come, and those that its documents name', () => {
    expect(faultsOf({})).toEqual([])
    for (const own of [
      { image: { repository: 'registry.example/host-device-l3' } },
      { image: { tag: '1.10' } },
      { image: { tag: 20261129 } },
      { image: { digest: `sha256:${'0a'.repeat(32)}` } },
      { image: { pullPolicy: 'IfNotPresent' } },
      { force: true },
      { maxUnavailable: 1 },
      { maxUnavailable: '25%' },
      { maxUnavailable: '100%' },
      { priorityClassName: '' },
      { priorityClassName: null },
      { tolerations: [] },
      { tolerations: [{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoExecute' }] },
      { resources: { install: { limits: { cpu: 1, memory: '64Mi' } } } },
      { resources: { wait: { limits: null } } },
      { seLinuxOptions: { user: 'u', role: 'r', type: 'spc_t', level: 's0:c1,c2' } },
      // Of a chart that depends on this one.
      { global: { registry: 'x' } },
    ])
      expect(faultsOf(own), JSON.stringify(own)).toEqual([])
  })

  const spelt = {
    ...DEFAULTS,
    ...{ seLinuxOptions: { type: 'spc_t' }, affinity: { nodeAffinity: {} } },
  }
  it.each(misspelt(spelt))(
    'has a schema that refuses another key in place of $at',
    ({ values }) => {
      expect(isAllowed(spelt)).toBe(true)
      expect(isAllowed(values)).toBe(false)
    },
  )

  it.each([
    { image: { repository: '' } },
    { image: { pullPolicy: 'always' } },
    { image: { digest: '0a0a' } },
    { imagePullSecrets: ['secret'] },
    { binDirectory: 'opt/cni/bin' },
    { binDirectory: null },
    { force: 'true' },
    { maxUnavailable: '10 %' },
    { maxUnavailable: '5' },
    { maxUnavailable: 0 },
    { maxUnavailable: '0%' },
    { maxUnavailable: '101%' },
    { maxUnavailable: 0.1 },
    { priorityClassName: true },
    { nodeSelector: { nics: true } },
    { tolerations: [{ operator: 'exists' }] },
    { podAnnotations: { 'example.org/note': 1 } },
    { seLinuxOptions: 'spc_t' },
  ])('has a schema that refuses the value of %j', (own) => {
    expect(faultsOf(own)).not.toEqual([])
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
