import { readFileSync } from 'node:fs'
import { unescaped } from './all-namespaces.js'

/** A mounted file system. */
export interface Mount {
  point: string
  /** "ro", "noexec" and others. */
  options: string[]
}

/**
 * The mount that has a path.
 * @param path absolute, without symbolic links; what does not exist counts by what is above
 */
export function mountOf(path: string): Mount | undefined {
  let found: Mount | undefined
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [own = '', ofFileSystem = ''] = line.split(' - ')
    const [, , , , escaped = '', options = ''] = own.split(' ')
    const point = unescaped(escaped)
    const isAbove = point === '/' || path === point || path.startsWith(`${point}/`)
    // Of two at one place, the later one is seen.
    if (point === '' || !isAbove || point.length < (found?.point.length ?? 0)) continue
    const [, , more = ''] = ofFileSystem.split(' ')
    found = { point, options: [...options.split(','), ...more.split(',')] }
  }
  return found
}
