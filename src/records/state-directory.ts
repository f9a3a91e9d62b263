import { statSync } from 'node:fs'
import { Failure, type FailureKind } from '../failure.js'
import { mountOf } from '../kernel/mount.js'
import { trustedPath, UntrustedPath } from '../kernel/trusted-path.js'

/**
 * Why records cannot be kept in a state directory, as far as that shows without writing there.
 * @returns undefined if they can; `cure` is a sentence without a full stop
 */
export function unusable(path: string): { why: string; cure: string } | undefined {
  let resolved: string
  try {
    const found = trustedPath(path, true)
    resolved = found.resolved
    if (found.exists && !statSync(resolved).isDirectory())
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
  const mount = mountOf(resolved)
  if (!mount?.options.includes('ro')) return undefined
  return {
    why: `${mount.point} is mounted read-only`,
    cure: 'mount it for writing, or set "stateDir" to a directory on a disk that is',
  }
}

/** @throws Failure of that kind if records cannot be kept there, which ADD finds out as it writes */
export function requireUsable(path: string, kind: FailureKind): void {
  const reason = unusable(path)
  if (!reason) return
  throw new Failure(kind, `nothing can be recorded in ${path}: ${reason.why}`, reason.cure)
}
