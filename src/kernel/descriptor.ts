import { closeSync } from 'node:fs'

/** Operations of flock(2) on a descriptor: LOCK_SH and LOCK_EX of sys/file.h. */
export const LOCK = { shared: 1, alone: 2 } as const

/**
 * Closes a descriptor that needs no flush. Linux frees it whatever close(2) reports, so an error
 * changes nothing for the caller.
 */
export function closeDescriptor(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // It is closed.
  }
}
