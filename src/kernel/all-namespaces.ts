import { fstatSync, openSync, readFileSync } from 'node:fs'
import { closeDescriptor } from './descriptor.js'
import { O_PATH } from './namespace-file.js'
import { inodeIn, linkAt, type NamespacePath, namespaceAt } from './namespace-path.js'
import { openNamespaces } from './open-files.js'
import { linesOf, numbersIn, unlessGone } from './proc.js'

/**
 * Paths to the network namespaces of the node, what is found fastest first: those of processes,
 * those mounted somewhere, then those that only a thread, an open file or a mount that this process does
 * not see keeps alive. A namespace may come more than once. What does not come is in docs/security.md.
 * @throws Failure `busy` if the deadline passes meanwhile
 */
export function* pathsOfAllNamespaces(): Generator<NamespacePath> {
  for (const process of processes()) yield* namespaceAt(`${process}/ns/net`)
  yield* mounts('/proc/self/mountinfo', '')
  for (const process of processes()) yield* ofThreadsAndFiles(process)
  yield* mountsElsewhere()
}

function* processes(): Generator<string> {
  for (const number of numbersIn('/proc')) yield `/proc/${number}`
}

function* ofThreadsAndFiles(process: string): Generator<NamespacePath> {
  for (const thread of numbersIn(`${process}/task`))
    yield* namespaceAt(`${process}/task/${thread}/ns/net`)
  yield* openNamespaces(process)
}

/** The network namespaces that are mounted where this process or another thread sees it. */
export function* mountedNamespaces(): Generator<NamespacePath> {
  yield* mounts('/proc/self/mountinfo', '')
  yield* mountsElsewhere()
}

/** The mounts that other threads see, each through the root of one that sees it. */
function* mountsElsewhere(): Generator<NamespacePath> {
  const seen = new Set([viewOf('/proc/thread-self')])
  for (const process of processes())
    for (const number of numbersIn(`${process}/task`)) {
      const thread = `${process}/task/${number}`
      const view = viewOf(thread)
      if (view === undefined || seen.has(view)) continue
      seen.add(view)
      yield* mounts(`${thread}/mountinfo`, `${thread}/root`)
    }
}

/**
 * What decides which mounts a thread sees: its mount namespace, and its root, a directory in a mount. After
 * chroot(2) it sees those below only, and threads of one process may differ.
 */
function viewOf(thread: string): string | undefined {
  const namespace = linkAt(`${thread}/ns/mnt`)
  const root = unlessGone(() => openSync(`${thread}/root`, O_PATH))
  if (root === undefined) return undefined
  try {
    const mount = readFileSync(`/proc/thread-self/fdinfo/${root}`, 'utf8')
    return `${namespace} ${fstatSync(root).ino} ${mount}`
  } finally {
    closeDescriptor(root)
  }
}

/**
 * The network namespaces mounted somewhere, as in /run/netns.
 * @param mountinfo see proc_pid_mountinfo(5): the fourth field is the namespace, the fifth the place
 */
function* mounts(mountinfo: string, root: string): Generator<NamespacePath> {
  for (const line of linesOf(mountinfo)) {
    const [, , , namespace, place = ''] = line.split(' ')
    const inode = inodeIn(namespace)
    if (inode !== undefined) yield { path: `${root}${unescaped(place)}`, inode, isMount: true }
  }
}

/** A place in mountinfo: the kernel writes spaces and the like as \040. */
export function unescaped(place: string): string {
  return place.replaceAll(/\\([0-7]{3})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}
