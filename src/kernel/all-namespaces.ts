import { readdirSync, statSync } from 'node:fs'

const NAMED = '/run/netns'
const PROCESSES = '/proc'

/** A path to each network namespace of the node that has a name or a process in it. */
export function pathsOfAllNamespaces(): string[] {
  const named = entriesOf(NAMED).map((name) => `${NAMED}/${name}`)
  const ofProcesses = entriesOf(PROCESSES)
    .filter((name) => /^\d+$/.test(name))
    .map((id) => `${PROCESSES}/${id}/ns/net`)
  const paths = new Map<number, string>()
  for (const path of [...named, ...ofProcesses]) {
    const inode = inodeOf(path)
    if (inode !== undefined && !paths.has(inode)) paths.set(inode, path)
  }
  return [...paths.values()]
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Undefined for a process that has just ended. */
function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino
  } catch {
    return undefined
  }
}
