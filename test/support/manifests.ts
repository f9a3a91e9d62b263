import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { IDaemonSet } from 'kubernetes-models/apps/v1'
import type { IContainer } from 'kubernetes-models/v1'
import { parseAllDocuments } from 'yaml'

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
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw new Error(`${source}: ${document.errors.join('; ')}`)
    return document.toJS()
  })
}

/** The kinds of entries of a kustomization that `renderKustomization` knows. */
const KNOWN_ENTRIES = ['apiVersion', 'kind', 'resources', 'images']

/**
 * What `kustomize build` makes of a directory, for kustomizations that do no more than to list
 * resources, files or directories, and to replace images.
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
  return documents
}

/** All containers of a DaemonSet's pod, in the order in which a kubelet starts them. */
export function containersOf({ spec }: IDaemonSet): IContainer[] {
  const pod = spec?.template.spec
  return [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]
}

/** All YAML files with manifests in deploy/, by their directories. */
export const DEPLOY = dirname(new URL('../../deploy/Containerfile', import.meta.url).pathname)
