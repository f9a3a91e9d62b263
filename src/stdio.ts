import { readFileSync, writeSync } from 'node:fs'
import { pause } from './deadline.js'

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const PAUSE_MILLISECONDS = 2

/**
 * Reads all of stdin as text.
 * @throws the system's error if it cannot be read
 */
export function readStandardInput(): string {
  return retryWhileBusy(() => readFileSync(STDIN, 'utf8'))
}

/** Prints the JSON document that answers a CNI call to stdout. */
export function printDocument(document: object): void {
  printAll(STDOUT, `${JSON.stringify(document, undefined, 4)}\n`)
}

/** Prints the output of a command-line command to stdout. */
export function printText(text: string): void {
  printAll(STDOUT, text)
}

/** Prints a line to stderr: help, a warning, or an error of a command-line command. */
export function printStderr(text: string): void {
  printAll(STDERR, `${text}\n`)
}

/** Writes to the descriptor directly: `process.stdout` would load half of the stream library. */
function printAll(fd: number, text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    const part = rest
    rest = rest.subarray(retryWhileBusy(() => writeSync(fd, part)))
  }
}

/** Retries on EAGAIN: the caller may have set its pipes to O_NONBLOCK. */
function retryWhileBusy<T>(work: () => T): T {
  for (;;) {
    try {
      return work()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      pause(PAUSE_MILLISECONDS)
    }
  }
}
