import { constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { PROGRAM_DIRECTORIES } from '../../kernel/anonymous-file.js'
import { closeDescriptor } from '../../kernel/descriptor.js'
import { mountOf } from '../../kernel/mount.js'
import { openRegular, trustedPath } from '../../kernel/trusted-path.js'
import { unusable } from '../../records/state-directory.js'
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
function stateDirectory(path: string): Finding[] {
  const reason = unusable(path)
  if (!reason) return []
  const text = `${path} cannot remember what is lent: ${reason.why}`
  return [fault('state directory', text, reason.cure)]
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
