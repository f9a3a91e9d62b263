import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runSync } from './run-sync.js'

const SOURCE = fileURLToPath(new URL('fail-in-thread.c', import.meta.url))

/** Of x86-64. */
const NUMBERS: Record<string, number> = { sendto: 44, recvmsg: 47 }

/** The program of fail-in-thread.c. Dispose it. */
export class FailInThread implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'hdl3-fail-'))

  constructor() {
    runSync('cc', ['-o', this.#program, SOURCE])
  }

  /** What to put before a command, for a system call of a thread of its own to fail. */
  wrapper(kind: string, error: string): string[] {
    const errno = constants.errno[error as keyof typeof constants.errno]
    return [this.#program, `${NUMBERS[kind]}`, `${errno}`]
  }

  get #program(): string {
    return `${this.#directory}/fail-in-thread`
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true })
  }
}
