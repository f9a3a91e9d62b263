import { createRequire } from 'node:module'
import { resolve } from 'node:path'

interface Spawner {
  spawn(
    words: string[],
    environment: string[],
    directory: string,
    input: Buffer,
    timeout: number,
  ): [code: number, stdout: Buffer, stderr: Buffer]
}

const { spawn }: Spawner = createRequire(import.meta.url)(resolve('build/spawn.node'))

/** As execa takes them. */
export interface RunOptions {
  input?: string | Uint8Array
  env?: Readonly<Record<string, string | undefined>>
  extendEnv?: boolean
  cwd?: string
  /** Milliseconds. */
  timeout?: number
  /** Whether another exit code than 0 is an error. */
  reject?: boolean
}

export interface Ended {
  /** Undefined where a signal ended it. */
  exitCode: number | undefined
  stdout: string
  stderr: string
}

/**
 * What `execaSync` does, for the tests, which start tens of thousands of processes: Node copies
 * its page tables for each. The last line break of what was printed is left out.
 */
export function runSync(
  program: string,
  words: readonly string[],
  options: RunOptions = {},
): Ended {
  const { input = '', env = {}, extendEnv = true, cwd = '', timeout = 0, reject = true } = options
  const environment = Object.entries({ ...(extendEnv ? process.env : {}), ...env })
  const [code, stdout, stderr] = spawn(
    [program, ...words],
    environment.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])),
    cwd,
    Buffer.from(input),
    timeout,
  )
  const ended = {
    exitCode: code < 0 ? undefined : code,
    stdout: withoutLastLineBreak(stdout),
    stderr: withoutLastLineBreak(stderr),
  }
  if (reject && code !== 0) {
    const end = code < 0 ? `was ended by signal ${-code}` : `failed with exit code ${code}`
    const message = `${[program, ...words].join(' ')} ${end}\n\n${ended.stderr}\n\n${ended.stdout}`
    throw Object.assign(new Error(message), ended)
  }
  return ended
}

function withoutLastLineBreak(bytes: Buffer): string {
  return bytes.toString().replace(/\r?\n$/, '')
}
