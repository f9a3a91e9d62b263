import { writeSync } from 'node:fs'

const STDERR = 2

/** Tells the operator something that did not go wrong, but is good to know. */
export function warn(text: string): void {
  writeSync(STDERR, `host-device-l3: ${text}\n`)
}
