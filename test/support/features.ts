import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runSync } from './run-sync.js'

const SOURCE = fileURLToPath(new URL('features.c', import.meta.url))

/** All of them, as a mask. */
export const ALL_FEATURES = ['ffffffff', 'ffffffff']

/** The features (offloads) of devices. Dispose it to remove its program. */
export class Features implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'hdl3-features-'))

  constructor() {
    runSync('cc', ['-Wall', '-Wextra', '-Werror', '-o', this.#program, SOURCE])
  }

  /** As numbers: those that are asked for, and those that the device has. */
  of(namespace: string, device: string): string {
    return this.#run(namespace, [device])
  }

  /** Turns features on that are off, and off that are on, as `ethtool --features` does. */
  exchange(namespace: string, device: string, masks: string[]): string {
    return this.#run(namespace, [device, ...masks])
  }

  #run(namespace: string, words: string[]): string {
    return runSync('ip', ['netns', 'exec', namespace, this.#program, ...words]).stdout
  }

  get #program(): string {
    return `${this.#directory}/features`
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true })
  }
}
