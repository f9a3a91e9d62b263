import { readFileSync } from 'node:fs'

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

/** Spaces and others are octal there. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number(`0o${digits}`)))
}
