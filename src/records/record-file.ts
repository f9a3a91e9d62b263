import { existsSync, readdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failure } from '../failure.js'
import { NotRegular, UntrustedPath } from '../kernel/trusted-path.js'
import { readPrivate, removeDurable, TooLarge, writeAhead, writeDurably } from './durable-file.js'

/*
 * The file of one record. What fails is a Failure `state-unusable` that names the file.
 */

/**
 * Many times as much as that of a hundred thousand routes, of which none is like another. What is
 * larger would not fit in the memory of every call that reads all records.
 */
const MOST_BYTES = 64 * 1024 * 1024

/** The names of the files in a directory; none if it does not exist. */
export function filesIn(directory: string): string[] {
  return attempt('list', directory, () => unlessAbsent(() => readdirSync(directory))) ?? []
}

/** The text of a record; undefined if there is none, empty for what no record can be. */
export function readRecord(path: string): string | undefined {
  return attempt('read', path, () =>
    unlessAbsent(() => unlessOther(() => readPrivate(path, MOST_BYTES))),
  )
}

/** Writes a record durably and atomically. */
export function writeRecord(path: string, record: object): void {
  attempt('write', path, () => writeDurably(path, textOf(record)))
}

/**
 * Writes a new record atomically.
 * @returns makes it durable
 */
export function writeRecordAhead(path: string, record: object): () => void {
  const sync = attempt('write', path, () => writeAhead(path, textOf(record)))
  return () => attempt('write', path, sync)
}

/** Removes a record, and the temporary file that a killed call may have left. */
export function removeRecord(path: string): void {
  attempt('remove', path, () => removeDurable(path))
}

/**
 * Sets a file aside for the operator to look at, if it still has this text. The caller may have no lock of
 * the attachment: what is there now may be the record of a call that was faster.
 * @param ending of its name then
 * @returns its path then; undefined if it stays
 */
export function setRecordAside(path: string, text: string, ending: string): string | undefined {
  if (readRecord(path) !== text) return undefined
  const start = path.slice(0, dirname(path).length + 1 + MOST_CHARACTERS)
  let aside = `${start}${ending}`
  // An earlier one stays: its device may still be in a pod.
  for (let n = 2; existsSync(aside); n++) aside = `${start}.${n}${ending}`
  attempt('set aside', path, () => unlessAbsent(() => renameSync(path, aside)))
  return aside
}

/** So many characters of a file's name leave room for another ending. */
const MOST_CHARACTERS = 220

/** The value of a record's text; undefined if that is not valid JSON. */
export function decoded(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    // Such as a lack of memory: the record may be a good one.
    throw error
  }
}

/** @throws Error if no call could read it again */
function textOf(record: object): string {
  const text = JSON.stringify(record)
  const bytes = Buffer.byteLength(text)
  if (bytes <= MOST_BYTES) return text
  throw new Error(`it would have ${bytes} bytes, and can have ${MOST_BYTES}`)
}

/** The result of `read`; an empty text for what no record can be: no regular file, or too large. */
function unlessOther(read: () => string): string {
  try {
    return read()
  } catch (error) {
    if (error instanceof NotRegular || error instanceof TooLarge) return ''
    throw error
  }
}

/** The result of `read`; undefined if the file or directory does not exist. */
function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function attempt<T>(what: string, path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new Failure(
      'state-unusable',
      `cannot ${what} ${path}: ${(error as Error).message}`,
      error instanceof UntrustedPath
        ? `see who wrote to it, and what; then ${error.cure}. Until then it is not known what it lends`
        : '',
    )
  }
}
