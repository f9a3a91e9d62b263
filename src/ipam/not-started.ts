import { headerOf } from './program-header.js'

/** Words for what the kernel's error leaves open; empty for any other error. */
export function moreAbout(error: string, path: string): string {
  if (error === 'ENOEXEC')
    return ', exec format error: it is no program of this machine, and no script with #!'
  if (error === 'EACCES')
    return `: its file system is mounted noexec (findmnt --target ${path}), or its mode, that of its interpreter or of a directory above it, or a security module such as SELinux forbids it`
  if (error !== 'ENOENT') return ''
  const [, interpreter] = /^#![ \t]*([^ \t\n]*)/.exec(beginningOf(path)) ?? []
  if (interpreter === undefined) return ': it, or the loader that it names, does not exist'
  const ending = interpreter.endsWith('\r') ? '; its lines end with CR and LF' : ''
  return `: it is a script, and its interpreter ${JSON.stringify(interpreter)} does not exist${ending}`
}

/** Empty for a file that cannot be read. */
function beginningOf(path: string): string {
  try {
    return headerOf(path).toString()
  } catch {
    return ''
  }
}
