import { closeSync } from 'node:fs'

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
