import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { requireTime } from '../deadline.js'

/** A path that leads to a network namespace, and the namespace's inode number. */
export interface NamespacePath {
  path: string
  inode: number
}

/**
 * Paths to the network namespaces of the node, what is found fastest first: those of processes,
 * those mounted somewhere, then those that only a thread, an open file or a mount in another mount
 * namespace keeps alive. A namespace may come more than once. One that only a socket or a file in
 * flight keeps alive shows nowhere in /proc.
 * @throws Failure `busy` if the deadline passes meanwhile
 */
export function* pathsOfAllNamespaces(): Generator<NamespacePath> {
  const processes = entriesOf('/proc').filter((name) => /^\d+$/.test(name))
  for (const process of processes) yield* at(`/proc/${process}/ns/net`)
  yield* mounts('/proc/self/mountinfo', '')
  for (const process of processes) yield* ofThreadsAndFiles(`/proc/${process}`)
  yield* mountsElsewhere(processes)
}

function* ofThreadsAndFiles(process: string): Generator<NamespacePath> {
  requireTime()
  for (const thread of entriesOf(`${process}/task`)) yield* at(`${process}/task/${thread}/ns/net`)
  for (const file of entriesOf(`${process}/fd`)) {
    // A pod may open very many.
    requireTime()
    yield* at(`${process}/fd/${file}`)
  }
}

/** The mounts in each other mount namespace, seen through the root of a process there. */
function* mountsElsewhere(processes: string[]): Generator<NamespacePath> {
  const seen = new Set([linkAt('/proc/self/ns/mnt')])
  for (const process of processes) {
    requireTime()
    const namespace = linkAt(`/proc/${process}/ns/mnt`)
    if (namespace === undefined || seen.has(namespace)) continue
    seen.add(namespace)
    yield* mounts(`/proc/${process}/mountinfo`, `/proc/${process}/root`)
  }
}

/** The link of a process, thread or open file says what it leads to, without opening it. */
function* at(path: string): Generator<NamespacePath> {
  const inode = inodeIn(linkAt(path))
  if (inode !== undefined) yield { path, inode }
}

/**
 * The network namespaces mounted somewhere, as in /run/netns.
 * @param mountinfo see proc_pid_mountinfo(5): the fourth field is the namespace, the fifth the place
 */
function* mounts(mountinfo: string, root: string): Generator<NamespacePath> {
  for (const line of textOf(mountinfo).split('\n')) {
    const [, , , namespace, place = ''] = line.split(' ')
    const inode = inodeIn(namespace)
    if (inode !== undefined) yield { path: `${root}${unescaped(place)}`, inode }
  }
}

/** The inode number in "net:[4026531840]". */
function inodeIn(text: string | undefined): number | undefined {
  const [, inode] = /^net:\[(\d+)\]$/.exec(text ?? '') ?? []
  return inode === undefined ? undefined : Number(inode)
}

/** A place in mountinfo: the kernel writes spaces and the like as \040. */
export function unescaped(place: string): string {
  return place.replaceAll(/\\([0-7]{3})/g, (_, digits) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

function entriesOf(directory: string): string[] {
  return unlessGone(() => readdirSync(directory)) ?? []
}

function linkAt(path: string): string | undefined {
  return unlessGone(() => readlinkSync(path))
}

function textOf(path: string): string {
  return unlessGone(() => readFileSync(path, 'utf8')) ?? ''
}

/** EINVAL: a file that is no link; the mounts of a process that has ended. */
const NOTHING_THERE = ['ENOENT', 'ESRCH', 'ENOTDIR', 'EINVAL']
/** Another process whose files this one may not see. */
const NOT_ALLOWED = ['EACCES', 'EPERM']

/** Any other error, such as EMFILE, would hide a namespace that is there. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if ([...NOTHING_THERE, ...NOT_ALLOWED].includes(code)) return undefined
    throw error
  }
}
