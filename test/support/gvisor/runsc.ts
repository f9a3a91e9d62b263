import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { Testbed } from '../testbed.js'
import { type Hooks, makeBundle } from './bundle.js'

const SCRIPT = fileURLToPath(new URL('runsc.sh', import.meta.url))

let count = 0

/** A sandbox of Debian's runsc in the pod of a testbed. Dispose it. */
export class GvisorSandbox implements AsyncDisposable {
  private constructor(private readonly life: ReturnType<typeof startLife>) {}

  /** Starts one that runs a shell command, and does not wait. */
  static start(testbed: Testbed, command: string, hooks: Hooks = {}): GvisorSandbox {
    const id = `${testbed.pod}-${++count}`
    const directory = `${testbed.stateDirectory}/${id}`
    makeBundle(directory, testbed.sandboxPath, command, hooks)
    return new GvisorSandbox(startLife(testbed.pod, `${directory}/root`, directory, id))
  }

  /** Waits until the web server starts; what was said before. */
  async ready(): Promise<string> {
    let said = ''
    const serving = new Promise<boolean>((resolve) => {
      this.life.stdout.on('data', (chunk) => {
        said += chunk
        if (said.includes('ready')) resolve(true)
      })
    })
    const ended = this.life.then(() => false)
    if (await Promise.race([serving, ended])) return said.slice(0, said.indexOf('ready'))
    throw new Error(`the sandbox ended: ${said}${(await this.life).stderr}`)
  }

  /** Waits until it ends by itself; what it and runsc said. */
  async end(): Promise<{ exitCode: number | undefined; said: string }> {
    const { exitCode, stdout, stderr } = await this.life
    return { exitCode, said: stdout + stderr }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.life.kill('SIGKILL')
    await this.life
  }
}

/** Runs a shell command to its end. */
export async function runInGvisor(testbed: Testbed, command: string) {
  await using sandbox = GvisorSandbox.start(testbed, command)
  return await sandbox.end()
}

function startLife(namespace: string, ...words: string[]) {
  const options = { reject: false, stdin: 'ignore', timeout: 60_000 } as const
  return execa('ip', ['netns', 'exec', namespace, 'sh', SCRIPT, ...words], options)
}
