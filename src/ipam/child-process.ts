import { accessSync, constants, readdirSync } from 'node:fs'
import { execa } from 'execa'
import { headerOf } from './program-header.js'

/** How a program ended. */
export interface ChildOutcome {
  stdout: string
  /** Undefined where a signal ended it, or it was not even started. */
  exitCode: number | undefined
  /** The signal that ended it, e.g. "SIGKILL". */
  signal: string | undefined
  /** The error that kept it from being started, e.g. "ENOENT". */
  error: string | undefined
  /** Whether it was ended because it took too long, or printed too much. */
  ended: 'late' | 'verbose' | undefined
}

/** The signature of `runChild`, of which the executable has its own version. */
export type RunChild = typeof runChild

/**
 * Runs a program to its end: in a session of its own, with these variables and no others, and
 * stderr where ours goes. What takes too long or prints too much is ended, with all it started.
 * @param input for its stdin
 * @param limitBytes of its stdout
 * @param words its arguments
 */
export async function runChild(
  path: string,
  variables: NodeJS.ProcessEnv,
  input: string,
  deadlineMilliseconds: number,
  limitBytes: number,
  words: string[] = [],
): Promise<ChildOutcome> {
  if (isForShell(path)) return NOT_EXECUTABLE
  // A group of its own, so that the end of it is the end of its children too:
  // else they could keep its stdout open, and us waiting.
  const child = execa(path, words, {
    env: variables,
    extendEnv: false,
    detached: true,
    cleanup: false,
    input,
    // By this path, as it may be gone: execa would look for its name.
    cwd: '/proc/self/cwd',
    stderr: 'inherit',
    reject: false,
    stripFinalNewline: false,
    // Else the limit would be one of characters.
    encoding: 'buffer',
    maxBuffer: limitBytes,
  })
  const end = () => child.pid && endGroup(child.pid)
  const late = AbortSignal.timeout(deadlineMilliseconds)
  late.addEventListener('abort', () => {
    end()
    // What it has started in a session of its own may keep it open.
    child.stdout.destroy()
  })
  const { stdout, exitCode, signal, code, isMaxBuffer } = await child
  if (isMaxBuffer) end()
  const ended = isMaxBuffer ? 'verbose' : late.aborted ? 'late' : undefined
  // There is none of what was not started.
  const text = stdout ? Buffer.from(stdout).toString() : ''
  return {
    stdout: text,
    exitCode,
    signal,
    error: child.pid ? undefined : (code ?? 'unknown'),
    ended,
  }
}

const NOT_EXECUTABLE: ChildOutcome = {
  stdout: '',
  exitCode: undefined,
  signal: undefined,
  error: 'ENOEXEC',
  ended: undefined,
}

/**
 * Whether the kernel refuses the program and Node would give it to /bin/sh, as execvp(3) does: a text
 * without `#!`, or a program for another machine. Go and the executable leave it at the refusal.
 */
function isForShell(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    const beginning = headerOf(path)
    const text = beginning.toString('latin1')
    if (text.startsWith(ELF_OF_64_BITS)) return isForeign(beginning) && !hasEmulators()
    return !text.includes('\0') && !text.startsWith('#!')
  } catch {
    // Starting it says why.
    return false
  }
}

/** How such programs begin. Those of 32 bits the kernel may run on a machine of 64. */
const ELF_OF_64_BITS = '\x7fELF\x02'
/** Where such a program has its machine (e_machine of elf(5)). */
const MACHINE_OFFSET = 18

function isForeign(program: Buffer): boolean {
  const own = headerOf('/proc/self/exe')
  return program.readUInt16LE(MACHINE_OFFSET) !== own.readUInt16LE(MACHINE_OFFSET)
}

/** Whether the kernel was told of programs that run others. */
function hasEmulators(): boolean {
  try {
    const names = readdirSync('/proc/sys/fs/binfmt_misc')
    return names.some((name) => name !== 'register' && name !== 'status')
  } catch {
    return false
  }
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}
