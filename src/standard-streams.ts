import { readFileSync, writeSync } from 'node:fs'
import { pause } from './deadline.js'

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const PAUSE_MILLISECONDS = 2

/**
 * All of stdin, as text.
 * @throws the system's error when it cannot be read
 */
export function readStandardInput(): string {
  return patiently(() => readFileSync(STDIN, 'utf8'))
}

/** Prints one JSON document, the only thing that ever goes to stdout. */
export function printDocument(document: object): void {
  printAll(STDOUT, `${JSON.stringify(document, undefined, 4)}\n`)
}

/** Prints what a person asked for. */
export function printText(text: string): void {
  printAll(STDOUT, text)
}

/** Tells a person who called without CNI_COMMAND what this program is. */
export function printAbout(about: string): void {
  printAll(STDERR, `${about}\n`)
}

/** `process.stdout` would do the same, after loading half of the stream library. */
function printAll(fd: number, text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    const part = rest
    rest = rest.subarray(patiently(() => writeSync(fd, part)))
  }
}

/** A caller may have handed us pipes that do not block. */
function patiently<T>(work: () => T): T {
  for (;;) {
    try {
      return work()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      pause(PAUSE_MILLISECONDS)
    }
  }
}
