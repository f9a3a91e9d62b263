/** What the engines and the native core say where what they may have ends, and what it is called here. */
const WORDS = /(?:^|: )(out of memory|Maximum call stack size exceeded)$/
const MEMORY = 'the call needs more memory than it can have'
const STACK = 'the call needs a larger stack than it can have (ulimit -s)'

/**
 * What this process needs more of than it can have, if that is what an error says, or another one that
 * has it for its reason. Without memory for an error, the executable's engine throws `null`.
 */
export function exhausted(error: unknown): string | undefined {
  if (error === null) return MEMORY
  const [, words] = (error instanceof Error && WORDS.exec(error.message)) || []
  return words && (words === 'out of memory' ? MEMORY : STACK)
}

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
