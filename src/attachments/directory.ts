import { mkdirSync } from 'node:fs'

/** Does work that needs a directory; makes the directory only where the work fails without. */
export function inDirectory<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    makeDirectory(path)
    return work()
  }
}

/**
 * Makes a directory, and those it lies in, for the owner alone. Node's own
 * recursive way never returns where the kernel lets nobody make one, as in /proc.
 */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    const parent = path.slice(0, path.lastIndexOf('/'))
    if (code !== 'ENOENT' || parent === '') throw error
    makeDirectory(parent)
    mkdirSync(path, { mode: 0o700 })
  }
}
