import { constants, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { unescaped } from '../../kernel/all-namespaces.js'
import { PROGRAM_DIRECTORIES } from '../../kernel/anonymous-file.js'
import { closeDescriptor } from '../../kernel/descriptor.js'
import { openRegular, trustedPath } from '../../kernel/trusted-path.js'
import { type CheckOfFiles, type Finding, fault, warning } from './finding.js'

/** Whether what calls write can be written, and what they start can be started from a file. */
export const directories: CheckOfFiles = (configuration) => {
  const { stateDir, logFile, gvisor } = configuration
  return [
    ...stateDirectory(stateDir),
    ...(logFile === undefined ? [] : log(logFile)),
    ...(gvisor ? programs() : []),
  ]
}

/** Whether records can be kept there. */
export function stateDirectory(path: string): Finding[] {
  const wrong = (why: string, cure: string) => [
    fault('state directory', `${path} cannot remember what is lent: ${why}`, cure),
  ]
  let resolved: string
  try {
    const found = trustedPath(path, true)
    resolved = found.resolved
    if (found.exists && !statSync(resolved).isDirectory())
      return wrong('it is no directory', `move ${path} away, or set "stateDir" to a directory`)
  } catch (error) {
    return wrong(
      (error as Error).message,
      'give it, and all directories above it, to root, and let nobody else write there (chown root, chmod go-w)',
    )
  }
  const mount = mountOf(resolved)
  if (!mount?.options.includes('ro')) return []
  return wrong(
    `${mount.point} is mounted read-only`,
    'mount it for writing, or set "stateDir" to a directory on a disk that is',
  )
}

function log(file: string): Finding[] {
  const wrong = (why: string, cure: string) => [
    warning('log file', `nothing can be logged to ${file}: ${why}`, cure),
  ]
  try {
    const directory = trustedPath(dirname(file), false)
    if (!directory.exists) return wrong('its directory is missing', `mkdir -p ${dirname(file)}`)
    if (!statSync(directory.resolved).isDirectory())
      return wrong('it is not in a directory', 'set "logFile" to a file in a directory')
    const mount = mountOf(directory.resolved)
    if (mount?.options.includes('ro'))
      return wrong(`${mount.point} is mounted read-only`, 'set "logFile" to a file elsewhere')
    const name = file.slice(dirname(file).length)
    closeDescriptor(
      openRegular(directory.resolved + name, constants.O_WRONLY | constants.O_APPEND, false),
    )
    return []
  } catch (error) {
    // The first line makes it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    return wrong(
      (error as Error).message,
      'set "logFile" to a regular file in a directory of root, or to none',
    )
  }
}

/** The address keeper is started from an unnamed file in one of several directories. */
function programs(): Finding[] {
  const isUsable = (directory: string) => {
    const isThere = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true
    const { options = [] } = mountOf(directory) ?? {}
    return isThere && !options.includes('noexec') && !options.includes('ro')
  }
  if (PROGRAM_DIRECTORIES.some(isUsable)) return []
  return [
    fault(
      'address keeper',
      `"gvisor" needs a directory from which a program can be started, and each of ${PROGRAM_DIRECTORIES.join(', ')} is missing, read-only or mounted noexec`,
      'mount one of them without noexec: mount -o remount,exec /var/lib/cni',
    ),
  ]
}

/** A mounted file system. */
interface Mount {
  point: string
  /** "ro", "noexec" and others. */
  options: string[]
}

/**
 * The mount that has a path.
 * @param path absolute, without symbolic links; what does not exist counts by what is above
 */
function mountOf(path: string): Mount | undefined {
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
