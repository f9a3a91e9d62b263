import { readFileSync, writeSync } from 'node:fs'
import { pause } from './deadline.js'

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const PAUSE_MILLISECONDS = 2

/**
 * Reads all of stdin as text.
 * @throws the system's error when it cannot be read
 */
export function readStandardInput(): string {
  return retryWhileBusy(() => readFileSync(STDIN, 'utf8'))
}

/** Prints one JSON document, the only thing that a runtime ever finds on stdout. */
export function printDocument(document: object): void {
  printAll(STDOUT, `${JSON.stringify(document, undefined, 4)}\n`)
}

/** Prints what a person asked for on the command line. */
export function printText(text: string): void {
  printAll(STDOUT, text)
}

/** Prints a line to stderr: help, a warning, an error for a person at a shell. */
export function printStderr(text: string): void {
  printAll(STDERR, `${text}\n`)
}

/** `process.stdout` would do the same, but loads half of the stream library. */
function printAll(fd: number, text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    const part = rest
    rest = rest.subarray(retryWhileBusy(() => writeSync(fd, part)))
  }
}

/** The caller may have handed us pipes that do not block: then EAGAIN means "later". */
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
