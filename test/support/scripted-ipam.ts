import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What an IPAM plugin does well: it assigns an address of the testbed's cloud. */
const ASSIGNS = `echo '{"cniVersion":"1.1.0","ips":[{"address":"198.51.100.77/24"}]}'`

/** An IPAM plugin that does what a test wants, and notes how it was called. Dispose it. */
export class ScriptedIpam {
  readonly type = 'scripted-ipam'
  /** For CNI_PATH. */
  readonly directory: string

  /**
   * @param behaviour shell commands for each CNI command; what is left out succeeds
   *   and, for ADD, assigns 198.51.100.77/24
   */
  constructor(behaviour: Record<string, string> = {}) {
    this.directory = mkdtempSync(join(tmpdir(), 'hdl3-ipam-'))
    const cases = Object.entries({ ADD: ASSIGNS, ...behaviour }).map(
      ([command, words]) => `${command}) ${words} ;;`,
    )
    const script = [
      '#!/bin/sh',
      `cd ${this.directory}`,
      'cat > stdin.$CNI_COMMAND',
      'echo $CNI_COMMAND >> calls',
      'env > environment.$CNI_COMMAND',
      'case $CNI_COMMAND in',
      ...cases,
      'esac',
    ]
    writeFileSync(`${this.directory}/${this.type}`, `${script.join('\n')}\n`, { mode: 0o755 })
  }

  /** The commands it was called with, in order. */
  get calls(): string[] {
    const file = `${this.directory}/calls`
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  }

  /** What came with the last call of a command. */
  received(what: 'stdin' | 'environment', command: string): string {
    return readFileSync(`${this.directory}/${what}.${command}`, 'utf8')
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}
