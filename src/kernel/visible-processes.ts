import { hasCapability } from './capabilities.js'
import { linkAt } from './namespace-path.js'
import { numbersIn } from './proc.js'

/** The link of the node's own PID namespace, whose inode number never changes. */
const NODE = 'pid:[4026531836]'

const CAP_SYS_PTRACE = 19n

/** Whether a process is in the node's own PID namespace. */
export function isOfNode(process: string): boolean {
  return linkAt(`${process}/ns/pid`) === NODE
}

/**
 * Why this process does not see what every process of the node has open; undefined if it does. A node may
 * be a container itself, as those of kind are: it has processes in PID namespaces of their own, those of
 * its pods, or its runtime gives the namespace of a process for a sandbox. A container without the node's
 * PID namespace has none of them.
 * @param sandboxPath the sandbox that a runtime gave, if there was one
 */
export function whyNotAllVisible(sandboxPath = ''): string | undefined {
  if (!hasCapability(CAP_SYS_PTRACE))
    return 'this process is without CAP_SYS_PTRACE, and may not look at every other one'
  if (sandboxPath.startsWith('/proc/')) return undefined
  const own = linkAt('/proc/self/ns/pid')
  // One of a PID namespace above that of this /proc would not show.
  for (const number of numbersIn('/proc')) {
    const namespace = linkAt(`/proc/${number}/ns/pid`)
    if (namespace === NODE || (namespace ?? own) !== own) return undefined
  }
  return "/proc has only the processes of a PID namespace below the node's, and of no pod"
}
