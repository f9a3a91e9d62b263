import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runSync } from './run-sync.js'

const SOURCE = fileURLToPath(new URL('refuse-requests.c', import.meta.url))

/** Types of requests (linux/rtnetlink.h). */
const TYPES = { route: 24, address: 20, up: 16 }

/**
 * The library of refuse-requests.c: the kernel seems to refuse all requests of a type. For programs
 * that are not static. Dispose it.
 */
export class RefuseRequests implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'hdl3-refuse-'))

  constructor() {
    runSync('cc', ['-shared', '-fPIC', '-Wall', '-Werror', '-o', this.#library, SOURCE])
  }

  /** Variables of a program to which this happens. */
  variables(type: keyof typeof TYPES, error: string): Record<string, string> {
    const errno = constants.errno[error as keyof typeof constants.errno]
    return {
      LD_PRELOAD: this.#library,
      REFUSE_TYPE: `${TYPES[type]}`,
      REFUSE_ERRNO: `${errno}`,
      ...(type === 'up' ? { ONLY_UP: '1' } : {}),
    }
  }

  get #library(): string {
    return `${this.#directory}/refuse-requests.so`
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true })
  }
}
