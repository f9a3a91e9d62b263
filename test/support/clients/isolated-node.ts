import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { runSync } from '../run-sync.js'
import type { Testbed } from '../testbed.js'

const SCRIPT = fileURLToPath(new URL('isolated-node.sh', import.meta.url))

/** Where the plugin keeps its records when it is not told. */
const STATE_DIRECTORY = '/var/lib/cni/host-device-l3'

/** How a command there ended. */
export interface Ending {
  exitCode: number | undefined
  stdout: string
  stderr: string
}

/**
 * A machine of its own for a container client, on the network of the testbed's host: mounts,
 * processes and cgroups are its own. All of it goes when it is disposed, and when this
 * process dies.
 */
export class IsolatedNode implements AsyncDisposable {
  private constructor(
    private readonly life: ReturnType<typeof startLife>,
    private readonly firstProcess: string,
  ) {}

  static async make(testbed: Testbed, artefactPath: string): Promise<IsolatedNode> {
    const life = startLife(testbed.host, artefactPath)
    const lines = createInterface(life.stdout)
    const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')])
    if (line === undefined) throw new Error(`no node: ${(await life).stderr}`)
    return new IsolatedNode(life, line)
  }

  /** Runs a command there. */
  run(command: string[], options: { input?: string; env?: Record<string, string> } = {}): Ending {
    const entrance = ['--target', this.firstProcess, '--mount', '--pid', '--net', '--cgroup']
    const { exitCode, stdout, stderr } = runSync('nsenter', [...entrance, ...command], {
      reject: false,
      timeout: 30_000,
      ...options,
    })
    return { exitCode, stdout, stderr }
  }

  /** As `run`, but throws unless the command succeeds. */
  mustRun(command: string[]): string {
    const { exitCode, stdout, stderr } = this.run(command)
    if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${exitCode} ${stdout}\n${stderr}`)
    return stdout
  }

  write(file: string, content: string | Record<string, unknown>): void {
    mkdirSync(dirname(this.path(file)), { recursive: true })
    writeFileSync(this.path(file), typeof content === 'string' ? content : JSON.stringify(content))
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8')
  }

  /** All files the plugin has there: a record for each attachment, and locks. */
  records(): string[] {
    const directory = this.path(STATE_DIRECTORY)
    // A call that has nothing to remember does not even make the directory.
    if (!existsSync(directory)) return []
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
  }

  /** What a path there is called here. */
  path(path: string): string {
    return `/proc/${this.firstProcess}/root${path}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.life.stdin.end()
    await this.life
  }
}

function startLife(namespace: string, artefactPath: string) {
  const words = [`--net=/run/netns/${namespace}`, 'unshare', '--mount', 'sh', SCRIPT]
  return execa('nsenter', [...words, namespace, artefactPath], { reject: false })
}
