import { statfsSync, statSync } from 'node:fs'
import { Failure, type FailureKind } from '../failure.js'
import { mountOf } from '../kernel/mount.js'
import { trustedPath, UntrustedPath } from '../kernel/trusted-path.js'

/** Why a state directory is of no use; `cure` is a sentence without a full stop. */
interface Reason {
  why: string
  cure: string
}

/** What the record of a device with few routes takes, and the directories that it may need. */
const LEAST_BYTES = 1 << 14

/**
 * Why records cannot be kept in a state directory, as far as that shows without writing there.
 * @returns undefined if they can
 */
export function unusable(path: string): Reason | undefined {
  const place = placeOf(path)
  return 'why' in place ? place : unwritable(place)
}

/**
 * Why nothing can be read in a state directory, or nothing there can be believed.
 * @returns undefined also for one that was not made yet
 */
export function unreadable(path: string): Reason | undefined {
  const place = placeOf(path)
  return 'why' in place ? place : undefined
}

/** @throws Failure of that kind if records cannot be kept there, which ADD finds out as it writes */
export function requireUsable(path: string, kind: FailureKind): void {
  const reason = unusable(path)
  if (!reason) return
  throw new Failure(kind, `nothing can be recorded in ${path}: ${reason.why}`, reason.cure)
}

type Place = ReturnType<typeof trustedPath>

function placeOf(path: string): Place | Reason {
  try {
    const place = trustedPath(path, true)
    if (!place.exists || statSync(place.resolved).isDirectory()) return place
    return {
      why: 'it is no directory',
      cure: `move ${path} away, or set "stateDir" to a directory`,
    }
  } catch (error) {
    const cure =
      error instanceof UntrustedPath
        ? 'give it, and all directories above it, to root, and let nobody else write there (chown root, chmod go-w)'
        : 'set "stateDir" to a directory that can be made, or is there'
    return { why: (error as Error).message, cure }
  }
}

function unwritable({ resolved, exists }: Place): Reason | undefined {
  const mount = mountOf(resolved)
  if (!mount) return undefined
  if (mount.options.includes('ro'))
    return {
      why: `${mount.point} is mounted read-only`,
      cure: 'mount it for writing, or set "stateDir" to a directory on a disk that is',
    }
  const lacking = lackOf(exists ? resolved : mount.point)
  return lacking === undefined
    ? undefined
    : {
        why: `the file system at ${mount.point} has no ${lacking} left`,
        cure: 'make room there, or set "stateDir" to a directory on another disk',
      }
}

/** What a file system has too little of: root may use what is kept for it. */
function lackOf(path: string): 'space' | 'inodes' | undefined {
  const { bsize, blocks, bfree, files, ffree } = statfsSync(path)
  // One without limits says that it has none at all.
  if (blocks > 0 && bfree * bsize < LEAST_BYTES) return 'space'
  return files > 0 && ffree === 0 ? 'inodes' : undefined
}
