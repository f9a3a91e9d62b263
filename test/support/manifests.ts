import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { load, loadAll } from 'js-yaml'
import type { IDaemonSet } from 'kubernetes-models/apps/v1'
import type { IContainer } from 'kubernetes-models/v1'

/** A document of a manifest, of whatever kind. */
export interface Manifest {
  apiVersion: string
  kind: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into documents of many shapes
  [key: string]: any
}

/** All documents of a YAML file. */
export function readManifests(path: string): Manifest[] {
  return parseManifests(readFileSync(path, 'utf8'), path)
}

export function parseManifests(text: string, source: string): Manifest[] {
  return loadAll(text, { filename: source }) as Manifest[]
}

/** The kinds of entries of a kustomization that `renderKustomization` knows. */
const KNOWN_ENTRIES = ['apiVersion', 'kind', 'resources', 'images', 'patches']

/**
 * What `kustomize build` makes of a directory, for kustomizations that do no more than to list
 * resources, files or directories, to replace images and to patch all documents of a kind.
 */
export function renderKustomization(directory: string): Manifest[] {
  const [kustomization] = readManifests(join(directory, 'kustomization.yaml'))
  const unknown = Object.keys(kustomization ?? {}).filter((key) => !KNOWN_ENTRIES.includes(key))
  if (!kustomization || unknown.length > 0) throw new Error(`${directory}: unknown are ${unknown}`)
  const resources: string[] = kustomization.resources
  const documents = resources.flatMap((resource) => {
    const path = join(directory, resource)
    return statSync(path).isDirectory() ? renderKustomization(path) : readManifests(path)
  })
  for (const document of documents)
    for (const container of containersOf(document as IDaemonSet)) {
      const [given = '', tag] = container.image?.split(/:(?=[^/]*$)/) ?? []
      const image = kustomization.images.find(({ name }: { name: string }) => name === given)
      if (image) container.image = `${image.newName ?? given}:${image.newTag ?? tag}`
    }
  for (const { target, patch } of kustomization.patches ?? [])
    for (const document of documents.filter(({ kind }) => kind === target.kind))
      for (const operation of load(patch) as Operation[]) apply(document, operation)
  return documents
}

/** An operation of a JSON Patch (RFC 6902), as far as overlays need them. */
interface Operation {
  op: string
  path: string
  value: unknown
}

/** Changes a document. As the RFC says, what is replaced has to be there, and so has what it is in. */
function apply(document: Manifest, { op, path, value }: Operation): void {
  const [last = '', ...above] = path.split('/').slice(1).toReversed()
  const place = above.reduceRight((found, key) => found[key], document)
  if (op === 'replace' ? !(last in place) : op !== 'add' || Array.isArray(place))
    throw new Error(`cannot ${op} ${path}`)
  place[last] = value
}

/** All containers of a DaemonSet's pod, in the order in which a kubelet starts them. */
export function containersOf({ spec }: IDaemonSet): IContainer[] {
  const pod = spec?.template.spec
  return [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]
}

/** All YAML files with manifests in deploy/, by their directories. */
export const DEPLOY = dirname(new URL('../../deploy/Containerfile', import.meta.url).pathname)
