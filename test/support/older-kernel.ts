import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runSync } from './run-sync.js'

const SOURCE = fileURLToPath(new URL('older-kernel.c', import.meta.url))

/** The program of older-kernel.c. Dispose it. */
export class OlderKernel implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'hdl3-older-'))

  constructor() {
    runSync('cc', ['-Wall', '-Wextra', '-Werror', '-o', this.#program, SOURCE])
  }

  /** What to put before a command for it to run as on Linux 4.18. */
  get wrapper(): string[] {
    return [this.#program]
  }

  get #program(): string {
    return `${this.#directory}/older-kernel`
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true })
  }
}
