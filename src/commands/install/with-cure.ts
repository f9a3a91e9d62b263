/** What to do about an error of the system, by its code. */
const CURES: Record<string, string> = {
  ENOENT: 'make this directory, or name the one in which the runtime looks',
  ENOTDIR: 'name the directory in which the runtime looks',
  ENOSPC: 'make room on its file system',
  EDQUOT: 'make room on its file system',
  EROFS:
    'its file system is read-only: mount it for writing, or have the runtime look in another directory',
  EACCES:
    'run this as the user who owns this directory; root, too, has to own it in a container without capabilities',
  EPERM: 'see whether it or the file in it is immutable (lsattr)',
}

/**
 * An error as an operator needs it who has the log of one node among many: of an error of the
 * system, where that was and what to do.
 * @param directory in which files were to be changed
 */
export function withCure(error: unknown, directory: string): unknown {
  const { code = '', syscall, message } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  const cure = CURES[code] ?? 'see what is wrong with its file system'
  return new Error(`cannot change files in ${directory}: ${message}; ${cure}`)
}
