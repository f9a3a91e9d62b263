import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'

/** A file somebody still has open for writing cannot be run: it is being installed. */
const BUSY_RETRIES = 5
const BUSY_PAUSE_MILLISECONDS = 1000

/** How a plugin ended. */
export interface PluginOutcome {
  stdout: string
  /** Undefined where it was ended, or not even started. */
  exitCode: number | undefined
  /** Why it did not end by itself, in words. */
  trouble: string | undefined
}

/**
 * Runs another plugin: stderr goes where ours goes. One that has not ended at the
 * deadline is ended, with all processes it started.
 * @param input for its stdin
 */
export async function runPlugin(
  path: string,
  variables: NodeJS.ProcessEnv,
  input: string,
  deadlineMilliseconds: number,
): Promise<PluginOutcome> {
  for (let retries = BUSY_RETRIES; ; retries--) {
    const left = deadlineMilliseconds - (BUSY_RETRIES - retries) * BUSY_PAUSE_MILLISECONDS
    const outcome = await runOnce(path, variables, input, left)
    if (outcome !== 'busy') return outcome
    if (retries === 0 || left <= BUSY_PAUSE_MILLISECONDS)
      return {
        stdout: '',
        exitCode: undefined,
        trouble: 'the file is being written (text file busy)',
      }
    await setTimeout(BUSY_PAUSE_MILLISECONDS)
  }
}

async function runOnce(
  path: string,
  variables: NodeJS.ProcessEnv,
  input: string,
  deadlineMilliseconds: number,
): Promise<PluginOutcome | 'busy'> {
  // A group of its own, so that the end of it is the end of its children too:
  // else they could keep its stdout open, and us waiting.
  const child = execa(path, [], {
    ...{ env: variables, extendEnv: false, detached: true, cleanup: false },
    ...{ input, stderr: 'inherit', reject: false, stripFinalNewline: false },
  })
  const late = AbortSignal.timeout(deadlineMilliseconds)
  late.addEventListener('abort', () => child.pid && endGroup(child.pid))
  const { stdout, exitCode, code, signal, originalMessage } = await child
  if (code === 'ETXTBSY') return 'busy'
  if (late.aborted) {
    const trouble = `it had not answered after ${Math.round(deadlineMilliseconds / 100) / 10} s and was ended`
    return { stdout, exitCode: undefined, trouble }
  }
  const trouble = exitCode === undefined ? (signal ?? originalMessage ?? 'unknown') : undefined
  return { stdout, exitCode, trouble }
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}
