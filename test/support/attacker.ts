import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { runSync } from './run-sync.js'

/** What a pod with CAP_NET_ADMIN has in its network namespace: this capability and no other. */
const NET_ADMIN_ONLY = ['setpriv', '--bounding-set=-all,+net_admin', '--no-new-privs']

/** Processes of a hostile pod, which run until they are disposed. */
export class Attackers implements AsyncDisposable {
  readonly #ending: (() => Promise<unknown>)[] = []

  constructor(private readonly pod: string) {}

  /** Starts a program in the pod; waits until it says that it is ready, in any words. */
  async start(program: string[]): Promise<void> {
    const [file = '', ...words] = ['netns', 'exec', this.pod, ...NET_ADMIN_ONLY, ...program]
    const attacker = execa('ip', [file, ...words], { reject: false, stderr: 'inherit' })
    this.#ending.push(async () => {
      attacker.kill('SIGKILL')
      await attacker
    })
    await new Promise((resolve, reject) => {
      attacker.stdout.once('data', resolve)
      attacker.once('exit', () => reject(new Error(`${program[0]} has ended`)))
    })
  }

  /** Repeats `ip` commands in a shell for ever. */
  async repeat(script: string): Promise<void> {
    await this.start(['sh', '-c', `echo ready; while :; do ${script}; done 2>/dev/null`])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#ending.map((end) => end()))
  }
}

/** A compiled program of test/hostile. */
export interface AttackerProgram {
  program: string
  /** Removes it. */
  remove(): void
}

/** Compiles a program of test/hostile. */
export function compileAttacker(name: string): AttackerProgram {
  const directory = mkdtempSync(`${tmpdir()}/hdl3-attacker-`)
  const source = fileURLToPath(new URL(`../hostile/${name}.c`, import.meta.url))
  runSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', `${directory}/${name}`, source])
  // Attackers are not always root.
  chmodSync(directory, 0o755)
  return {
    program: `${directory}/${name}`,
    remove: () => rmSync(directory, { recursive: true }),
  }
}
