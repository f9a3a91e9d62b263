/** What the host of the executable has beside Node's own. */
type Host = NodeJS.Process & { requireMemoryToUndo?: () => void }

/**
 * Makes sure of the memory that undoing a call takes, before the call changes anything. Costs one system
 * call, and no memory. Where the memory of Node ends, Node ends itself, and DEL goes on from the record.
 * @throws an error that says "out of memory"
 */
export function requireMemoryToUndo(): void {
  const host: Host = process
  host.requireMemoryToUndo?.()
}
