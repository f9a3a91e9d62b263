import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { readAll } from '../stdio.js'

/**
 * Reads a file that an operator names, or a pipe, as text.
 * @throws the system's error; Error if it is longer than stdin may be, or a pipe without data
 */
export function readFile(file: string): string {
  // Else the open of a pipe would wait for a writer for ever.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const text = readAll(fd)
    if (text !== '' || fstatSync(fd).isFile()) return text
  } finally {
    closeSync(fd)
  }
  throw new Error('it is no file, and has no data')
}
