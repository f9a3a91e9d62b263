import { constants, openSync, readSync } from 'node:fs'
import { requireTime } from '../deadline.js'
import { closeDescriptor } from './descriptor.js'
import { inodeIn, linkAt, type NamespacePath } from './namespace-path.js'
import { nativeAddon } from './native-addon.js'
import { linesOf, numbersIn, unlessGone } from './proc.js'
import { isOfNode } from './visible-processes.js'

/** The kernel gives namespaces inode numbers of this range. Files seldom have one of them. */
const INODES = { first: 0xefff_fff0, last: 0xffff_ffff }

/** What of /proc/PID/fdinfo/FD has the mount and the inode number. A pod's locks come after it. */
const BEGINNING_BYTES = 128

/**
 * The network namespaces that a process has open, in each of its threads: one may have open files of its
 * own, or go on when the first one has ended.
 * @param process as "/proc/1"
 */
export function* openNamespaces(process: string): Generator<NamespacePath> {
  // The kernel takes the ids of this process' own PID namespace.
  const hasSameIds = isOfNode('/proc/self')
  let last: string | undefined
  for (const thread of numbersIn(`${process}/task`)) {
    requireTime()
    if (last && hasSameIds && nativeAddon().shareFiles(Number(last), Number(thread))) continue
    last = thread
    yield* ofThread(`${process}/task/${thread}`)
  }
}

function* ofThread(thread: string): Generator<NamespacePath> {
  let mounts: Set<string> | undefined
  const isElsewhere = (mount: string) => {
    mounts ??= mountsOfFiles(thread)
    return mounts.has(mount)
  }
  for (const file of numbersIn(`${thread}/fd`)) {
    // A pod may have very many.
    requireTime()
    const path = `${thread}/fd/${file}`
    const text = linkAt(path) ?? ''
    // Opened by the place of a mount, a namespace has a path for its link, whatever is there by now.
    const inode =
      text.startsWith('/') && mayBeNamespace(`${thread}/fdinfo/${file}`, isElsewhere)
        ? nativeAddon().namespaceInode(path)
        : inodeIn(text)
    if (inode) yield { path, inode }
  }
}

/** Looks without the file's own file system: its server may never answer. */
function mayBeNamespace(fdinfo: string, isElsewhere: (mount: string) => boolean): boolean {
  const text = beginningOf(fdinfo)
  // Not before Linux 5.14.
  const [, inode = INODES.first] = /^ino:\t(\d+)$/m.exec(text) ?? []
  if (Number(inode) < INODES.first || Number(inode) > INODES.last) return false
  const [, mount = ''] = /^mnt_id:\t(\d+)$/m.exec(text) ?? []
  return mount !== '' && !isElsewhere(mount)
}

function beginningOf(path: string): string {
  const fd = unlessGone(() => openSync(path, constants.O_RDONLY))
  if (fd === undefined) return ''
  try {
    const bytes = Buffer.alloc(BEGINNING_BYTES)
    return bytes.toString('utf8', 0, unlessGone(() => readSync(fd, bytes)) ?? 0)
  } finally {
    closeDescriptor(fd)
  }
}

/** The ids of the mounts that a thread sees and that have files: of no namespace the root is a path. */
function mountsOfFiles(thread: string): Set<string> {
  const ids = new Set<string>()
  for (const line of linesOf(`${thread}/mountinfo`)) {
    const [id = '', , , root = ''] = line.split(' ')
    if (root.startsWith('/')) ids.add(id)
  }
  return ids
}
