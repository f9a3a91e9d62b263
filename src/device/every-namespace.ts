import { existsSync } from 'node:fs'
import { Failure } from '../failure.js'
import { mountedNamespaces, pathsOfAllNamespaces } from '../kernel/all-namespaces.js'
import { pathOfText } from '../kernel/kernel-text.js'
import type { NetworkNamespace } from '../kernel/namespace.js'

/**
 * Opens every other network namespace of the node that can be found, one after the other.
 * @param seen the inode numbers of those that need not come; each that comes is added
 * @param onObstacle is told why one that may be there cannot be opened
 * @param sandbox the inode number of the sandbox of the device that is looked for: also where another mount
 *   covers it, it may be there
 * @throws Failure `busy` if the deadline passes meanwhile
 */
export function* everyNamespace(
  host: NetworkNamespace,
  seen: Set<number>,
  onObstacle: (reason: string) => void,
  sandbox?: number,
): Generator<NetworkNamespace> {
  const unopened = new Map<number, string>()
  let isCovered = false
  for (const found of pathsOfAllNamespaces()) {
    const { inode } = found
    if (seen.has(inode)) continue
    using namespace = openUnlessGone(host, found.path, (reason) => unopened.set(inode, reason))
    if (found.isMount && inode === sandbox) isCovered ||= namespace?.identity.inode !== inode
    // The owner of the path may have made it lead elsewhere meanwhile.
    if (!namespace || seen.has(namespace.identity.inode)) continue
    seen.add(namespace.identity.inode)
    yield namespace
  }
  for (const [inode, reason] of unopened) if (!seen.has(inode)) onObstacle(reason)
  if (!isCovered) return
  // If it is still mounted: it may have gone between the look at it and the opening.
  for (const { path, inode } of mountedNamespaces())
    if (inode === sandbox && !seen.has(inode))
      onObstacle(`${path} does not lead to what is mounted there`)
}

/** Why something that was not found may still be there. */
export function notEverywhere(obstacle: string): string {
  return `not every namespace could be searched: ${obstacle}`
}

function openUnlessGone(
  host: NetworkNamespace,
  path: string,
  onObstacle: (reason: string) => void,
): NetworkNamespace | undefined {
  try {
    return host.openFound(path)
  } catch (error) {
    const isGone = error instanceof Failure && error.kind === 'sandbox-gone'
    // Of a process that has just ended, the kernel may say EACCES.
    if (!isGone && existsSync(pathOfText(path))) onObstacle((error as Error).message)
    return undefined
  }
}
