import { constants, openSync, readSync } from 'node:fs'
import { requireTime } from '../deadline.js'
import { closeDescriptor } from './descriptor.js'
import { textOfBytes } from './kernel-text.js'
import { nativeAddon } from './native-addon.js'

const PART_BYTES = 16 * 1024

/** No line is longer whose path open(2) takes: 4096 bytes, each as "\\040", and what is before it. */
const MOST_BYTES = 32 * 1024

const NEWLINE = 10

/**
 * The names in a directory of /proc that are numbers, a part at a time: a pod decides how many there are.
 * None where the process is gone.
 * @throws Failure `busy` if the deadline passes meanwhile
 */
export function* numbersIn(directory: string): Generator<string> {
  for (const names of partsOf(directory, (fd) => nativeAddon().nextEntries(fd)))
    for (const name of names.split('/')) if (/^\d+$/.test(name)) yield name
}

/**
 * The lines of a file of /proc, a part at a time; of one that is too long, the beginning. Paths in them are
 * bytes for the kernel, and any byte may be the last of a part.
 * @throws Failure `busy` if the deadline passes meanwhile
 */
export function* linesOf(path: string): Generator<string> {
  const bytes = Buffer.alloc(PART_BYTES)
  const read = (fd: number) => bytes.subarray(0, unlessGone(() => readSync(fd, bytes)) ?? 0)
  let rest: Buffer = Buffer.alloc(0)
  for (const part of partsOf(path, read)) {
    rest = Buffer.concat([rest, part])
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      yield textOfBytes(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
    }
    rest = rest.subarray(0, MOST_BYTES)
  }
}

/** @param next reads the next part; nothing at the end */
function* partsOf<T extends { length: number }>(
  path: string,
  next: (fd: number) => T,
): Generator<T> {
  const fd = unlessGone(() => openSync(path, constants.O_RDONLY))
  if (fd === undefined) return
  try {
    for (let part = next(fd); part.length > 0; part = next(fd)) {
      requireTime()
      yield part
    }
  } finally {
    closeDescriptor(fd)
  }
}

/** EINVAL: a file that is no link; the mounts of a process that has ended. */
const NOTHING_THERE = ['ENOENT', 'ESRCH', 'ENOTDIR', 'EINVAL']
/** Another process whose files this one may not see. */
const NOT_ALLOWED = ['EACCES', 'EPERM']

/** Any other error, such as EMFILE, would hide a namespace that is there. */
export function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if ([...NOTHING_THERE, ...NOT_ALLOWED].includes(code)) return undefined
    throw error
  }
}
