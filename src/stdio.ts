import { fstatSync, readSync, writeSync } from 'node:fs'
import { textOfDocument } from './cni/packed-result.js'
import { pause } from './deadline.js'
import { printable } from './printable.js'

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const PAUSE_MILLISECONDS = 2

/** Maximum size of stdin. Configurations have a few kilobytes. */
const MOST_INPUT_MEBIBYTES = 16
const PART_BYTES = 1 << 14

/**
 * Reads all of stdin as text.
 * @throws the system's error if it cannot be read; Error if it is longer than allowed
 */
export function readStandardInput(): string {
  return readAll(STDIN)
}

/**
 * Reads all of a descriptor as text; waits for a pipe that has a writer.
 * @throws as `readStandardInput`
 */
export function readAll(fd: number): string {
  const parts: Buffer[] = []
  const part = Buffer.allocUnsafe(PART_BYTES)
  for (let total = 0; total <= MOST_INPUT_MEBIBYTES << 20; ) {
    const length = retryWhileBusy(() => readSync(fd, part))
    if (length === 0) return Buffer.concat(parts).toString()
    parts.push(Buffer.from(part.subarray(0, length)))
    total += length
  }
  throw new Error(`it is longer than ${MOST_INPUT_MEBIBYTES} MiB`)
}

/** A JSON document as it is printed. */
export function bytesOfDocument(document: object): Buffer {
  return Buffer.from(`${textOfDocument(document)}\n`)
}

/**
 * Prints the JSON document that answers a CNI call to stdout.
 * @param document by `bytesOfDocument`
 * @throws Error with the system's word, or if stdout was closed when the process started
 */
export function printDocument(document: Buffer): void {
  printAnswer(document)
}

/** Prints the output of a command-line command to stdout; throws like `printDocument`. */
export function printText(text: string): void {
  printAnswer(Buffer.from(printable(text)))
}

function printAnswer(bytes: Buffer): void {
  if (wasClosed(STDOUT)) throw new Error('cannot print the answer: stdout is closed')
  try {
    printAll(STDOUT, bytes)
  } catch (error) {
    throw new Error(`cannot print the answer: ${(error as Error).message}`)
  }
}

/** Prints a line to stderr: help, or an error of a command-line command. */
export function printStderr(text: string): void {
  printAll(STDERR, Buffer.from(`${printable(text)}\n`))
}

/** A warning's level, as journald reads it at the start of a line (sd-daemon(3)). */
const WARNING_LEVEL = '<4>'

/** Prints a warning to stderr, with its level where that is the journal. */
export function printWarning(text: string): void {
  printStderr(`${isJournal(STDERR) ? WARNING_LEVEL : ''}${text}`)
}

/** Whether a standard stream is the one that systemd has connected to the journal (systemd.exec(5)). */
function isJournal(fd: number): boolean {
  const { JOURNAL_STREAM = '' } = process.env
  if (JOURNAL_STREAM === '') return false
  const { dev, ino } = fstatSync(fd)
  return JOURNAL_STREAM === `${dev}:${ino}`
}

/** The device number of /dev/null. */
const NULL_DEVICE = 0x103

/**
 * Whether a standard stream was closed when the process started. Node, like the host of the
 * executable, then opens /dev/null in its place, for reading too; a shell's `>/dev/null` is for
 * writing only.
 */
function wasClosed(fd: number): boolean {
  if (fstatSync(fd).rdev !== NULL_DEVICE) return false
  try {
    readSync(fd, Buffer.alloc(1))
    return true
  } catch {
    return false
  }
}

/** Writes to the descriptor directly: `process.stdout` would load half of the stream library. */
function printAll(fd: number, bytes: Buffer): void {
  for (let rest = bytes; rest.length > 0; ) {
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
