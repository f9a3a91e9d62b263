import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { runSync } from './run-sync.js'

const SOURCE = fileURLToPath(new URL('attach-program.c', import.meta.url))

/** Where a program is attached, and whether a process holds it there by a link. */
export type Place = 'xdp' | 'xdp-link' | 'tcx-ingress' | 'tcx-egress' | 'tcx-link'

/** BPF programs that drop every packet of a device. Dispose it to end those that hold links. */
export class AttachedPrograms implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'hdl3-attach-'))
  readonly #ending: (() => Promise<unknown>)[] = []

  constructor() {
    runSync('cc', ['-Wall', '-Wextra', '-Werror', '-o', this.#program, SOURCE])
  }

  /** Attaches a program to a device of a namespace, as a program of the host or the pod does. */
  async attach(namespace: string, device: string, place: Place): Promise<void> {
    const words = ['netns', 'exec', namespace, this.#program, device, place]
    if (!place.endsWith('-link')) {
      runSync('ip', words)
      return
    }
    const holder = execa('ip', words, { reject: false })
    this.#ending.push(async () => {
      holder.kill('SIGKILL')
      await holder
    })
    await new Promise((resolve, reject) => {
      holder.stdout.once('data', resolve)
      holder.once('exit', () => reject(new Error(`cannot attach to ${device}: ${place}`)))
    })
  }

  get #program(): string {
    return `${this.#directory}/attach-program`
  }

  /** Ends the processes that hold links, and the links with them. */
  async endLinks(): Promise<void> {
    await Promise.all(this.#ending.splice(0).map((end) => end()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endLinks()
    rmSync(this.#directory, { recursive: true })
  }
}
