import { readFileSync } from 'node:fs'
import { type Check, warning } from './finding.js'

/** Something takes the place of what later kernels have, down to this one. */
const LEAST = { major: 4, minor: 18 }

/** Whether the kernel is one for which this was made. */
export const kernel: Check = () => {
  const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()
  const [major = 0, minor = 0] = release.split(/[.-]/, 2).map(Number)
  if (major > LEAST.major || (major === LEAST.major && minor >= LEAST.minor)) return []
  return [
    warning(
      'kernel',
      `Linux ${release} is older than ${LEAST.major}.${LEAST.minor}, and calls may fail over what it lacks`,
      'take a node with a later kernel',
    ),
  ]
}
