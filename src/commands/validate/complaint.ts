import type { Mistake } from '../../cni/mistakes.js'

/** What a check of ADD's throws, as a mistake. */
export function complaint(path: Mistake['path'], check: () => void): Mistake[] {
  try {
    check()
    return []
  } catch (error) {
    const { message, details } = error as Error & { details?: string }
    return [{ path, text: [message, details].filter(Boolean).join('; ') }]
  }
}
