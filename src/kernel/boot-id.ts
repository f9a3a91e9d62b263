import { readFileSync } from 'node:fs'

let known: string | undefined

/** What tells the time from one start of the node to the next from all others; empty where nobody says. */
export function bootId(): string {
  known ??= read()
  return known
}

function read(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
